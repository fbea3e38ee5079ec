// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Bounds of what agents write themselves; whatever exceeds them was written by somebody else.
const (
	mostLineage = 16
	// mostMembers is the greatest group whose record is read.
	mostMembers = 128
	// longestMember is the text of one member: its ordinal, a uid and a word.
	longestMember = 96
	longestOffer  = 1024
	longestChange = 512
	// mostUses is the text of who uses which keys, and mostKeys how many generations one may accept.
	mostUses = 12 << 10
	mostKeys = 16
	// longestID bounds uids of pods and volume claims, and run ids.
	longestID   = 64
	longestName = 253
	// idLength is the length of a replication id.
	idLength = 40
)

// reader reads annotations, and collects the names of those that are bad.
type reader struct {
	annotations map[string]string
	bad         []string
}

// text is an annotation; empty where it is missing or too long.
func (in *reader) text(name string, longest int) string {
	text := in.annotations[name]
	if len(text) > longest {
		in.fault(name, "it is too long")
		return ""
	}
	return text
}

func (in *reader) fault(name, why string) { in.bad = append(in.bad, name+" ("+why+")") }

// holder reads whom the record names since which epoch. A part of it names nobody: an epoch without its address, or an address with
// an epoch that somebody made up, must not stand for the master.
func (in *reader) holder(lease *coordinationv1.Lease, r *model.Record) {
	before := len(in.bad)
	epoch, address := uint64(0), model.Address{}
	var err error
	if text := in.text(contract.RecordEpoch, 20); text != "" {
		if epoch, err = strconv.ParseUint(text, 10, 64); err != nil {
			in.fault(contract.RecordEpoch, "it is no number")
		}
	}
	if text := in.text(contract.RecordAddress, 64); text != "" {
		if address, err = parseAddress(text); err != nil {
			in.fault(contract.RecordAddress, err.Error())
		}
	}
	uid := in.text(contract.RecordPodUID, longestID)
	switch {
	case !isID(uid):
		in.fault(contract.RecordPodUID, "it is no uid")
	case uid != "" && epoch > 0 && address == (model.Address{}):
		in.fault(contract.RecordAddress, "it is missing")
	}
	holder := ""
	if h := lease.Spec.HolderIdentity; h != nil && *h != "" {
		if holder = *h; !isName(holder) {
			in.fault("spec.holderIdentity", "it is no name of a pod")
		}
	}
	if len(in.bad) == before {
		r.Holder, r.PodUID, r.Address, r.Epoch = holder, uid, address, epoch
	}
}

func (in *reader) lineage() []string {
	text := in.text(contract.RecordLineage, mostLineage*(idLength+1))
	if text == "" {
		return nil
	}
	var ids []string
	for id := range strings.SplitSeq(text, ",") {
		if isReplID(id) && len(ids) < mostLineage {
			ids = append(ids, id)
		} else {
			in.fault(contract.RecordLineage, "at most 16 replication ids are read, of 40 hexadecimal digits each")
			return ids
		}
	}
	return ids
}

func (in *reader) members() map[int]model.Member {
	var all map[int]model.Member
	text := in.text(contract.RecordMembers, mostMembers*longestMember)
	if text == "" {
		return nil
	}
	if json.Unmarshal([]byte(text), &all) != nil || len(all) > mostMembers {
		in.fault(contract.RecordMembers, fmt.Sprintf("it is no list of at most %d members", mostMembers))
		return nil
	}
	for ordinal, m := range all {
		if ordinal < 0 || !isID(m.VolumeClaim) {
			in.fault(contract.RecordMembers, "a member has no ordinal, or its claim is no uid")
			return nil
		}
	}
	return all
}

// offer reads an offer that has a seal, or none.
func (in *reader) offer(name string, sealed bool) *model.Offer {
	text := in.text(name, longestOffer)
	if text == "" {
		return nil
	}
	var o *model.Offer
	if json.Unmarshal([]byte(text), &o) != nil || o != nil && !(isID(o.PodUID) && isID(o.RunID) && isID(o.ReplID) && isID(o.Reason) && isID(o.Seal) && o.Offset >= 0 && (o.Seal != "") == sealed) {
		in.fault(name, "it is no offer to one process at one offset")
		return nil
	}
	return o
}

// uses reads which keys each pod and each Sentinel uses.
// change is how the holder came to lead. One that is another's was left standing by an agent that knows no changes.
func (in *reader) change(lease *coordinationv1.Lease, holder string) *model.Change {
	text := in.text(contract.RecordChange, longestChange)
	if text == "" {
		return nil
	}
	var c model.Change
	if json.Unmarshal([]byte(text), &c) != nil || c.From != "" && !isName(c.From) || !isID(c.To) || !isID(string(c.Cause)) {
		in.fault(contract.RecordChange, "it is no change of master from one pod to another")
		return nil
	}
	if c.To != holder {
		return nil
	}
	if at := lease.Spec.AcquireTime; at != nil {
		c.At = at.Time
	}
	return &c
}

func (in *reader) uses() map[string]model.KeyUse {
	text := in.text(contract.RecordKeys, mostUses)
	if text == "" {
		return nil
	}
	var all map[string]model.KeyUse
	if json.Unmarshal([]byte(text), &all) != nil || len(all) > 2*mostMembers {
		in.fault(contract.RecordKeys, "it is no list of who uses which keys")
		return nil
	}
	for who, use := range all {
		if !isID(who) || !isID(use.Presents) || len(use.Accepts) > mostKeys || slices.ContainsFunc(use.Accepts, func(id string) bool { return !isID(id) }) {
			in.fault(contract.RecordKeys, "it names keys or their users by what cannot be their names")
			return nil
		}
	}
	return all
}

// parseAddress reads where a pod's Redis can be: no name, no zone, and nothing that is nobody's own address.
func parseAddress(text string) (model.Address, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return model.Address{}, fmt.Errorf("it is not ip:port")
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" || ip.Is4In6() || ip.IsUnspecified() || ip.IsMulticast() {
		return model.Address{}, fmt.Errorf("it has no address of a pod")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return model.Address{}, fmt.Errorf("its port is not of 1 to 65535")
	}
	return model.Address{Host: ip.String(), Port: int(n)}, nil
}

// isReplID reports whether this has the form of a replication id.
func isReplID(id string) bool {
	return len(id) == idLength && !strings.ContainsFunc(id, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

// isID reports whether this has the form of an identity that servers and the API give; empty is "none".
func isID(id string) bool { return isWord(id, longestID) }

// isWord reports whether this is short and has nothing in it that could end a word where it is sent or written; empty is "none".
func isWord(text string, longest int) bool {
	return len(text) <= longest && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
	})
}

// isName reports whether this can be the name of an object.
func isName(name string) bool { return len(validation.IsDNS1123Subdomain(name)) == 0 }
