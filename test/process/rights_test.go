// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestEveryRightOfAnAgentIsNeeded lets agents work, with the rights that the webhook grants, and reads in the API server's log
// what they asked for. Then it takes one right after the other away, and sends the same requests again: exactly those are
// refused that the missing right is for, and there are some.
func TestEveryRightOfAnAgentIsNeeded(t *testing.T) {
	t.Parallel()
	s := shared.NewScene(t, lab.Versions[0])
	set, master := group(s, lab.Options{Persistent: true, Conf: "replicaof 10.9.9.9 6379\n"})
	awaitEvent(s, "UnsuitableConfiguration")
	fill(s, set, 100)
	master.Delete()
	set.Start(master.Ordinal)
	electOther(s, set, set.WaitFormed(stalled))
	set.WaitFormed(stalled)
	poison(t, set, set.Master())
	awaitEvent(s, "EpochPoisoned")
	set.WaitFormed(stalled)
	for _, pods := range [][]*lab.Pod{set.Live(), s.Sentinels.Live()} {
		forEach(pods, (*lab.Pod).Lose) // watches are logged when they end
	}
	until(s, stalled, "the watches to be logged", func(context.Context) string {
		logged, err := s.Requests(s.Start)
		must(t, err)
		return unfollowed(logged)
	})
	requests, err := s.Requests(s.Start)
	must(t, err)
	own, sentinels := contract.Account(s.Namespace, contract.ObjectName(set.Name)), contract.Account(s.Namespace, contract.ObjectName("sentinel"))
	for _, r := range requests {
		if r.Status == http.StatusForbidden {
			t.Errorf("%s may not %s %s", r.User, r.Verb, r.URI)
		}
	}
	// A Sentinel's agent has rights in its own namespace and in that of a group, which here are one: what it asks for is told
	// apart by what it asks about.
	ofSet := func(r lab.Request) bool {
		return r.Resource == "events" || r.Resource == "leases" && r.Verb != "update" || strings.Contains(r.URI, url.QueryEscape(contract.LabelSentinelSet))
	}
	for _, role := range []struct {
		name  string
		rules []rbacv1.PolicyRule
		of    func(r lab.Request) bool
	}{
		{"group", provision.GroupRules(set.Name, set.Name+contract.MasterServiceSuffix), func(r lab.Request) bool { return r.User == own }},
		{"Sentinel set", provision.SentinelSetRules(), func(r lab.Request) bool { return r.User == sentinels && ofSet(r) }},
		{"watchers", append(provision.WatchersRules(set.Name, set.Name+contract.MasterServiceSuffix), provision.LabelsRules()...), func(r lab.Request) bool { return r.User == sentinels && !ofSet(r) }},
	} {
		t.Run(role.name, func(t *testing.T) { needed(t, s, role.rules, distinct(requests, role.of)) })
	}
}

// unfollowed names what somebody listed and, as far as the log says, never watched.
func unfollowed(requests []lab.Request) string {
	watched := map[[2]string]bool{}
	for _, r := range requests {
		if r.Verb == "watch" {
			watched[[2]string{r.User, r.Resource}] = true
		}
	}
	for _, r := range requests {
		if r.Verb == "list" && !watched[[2]string{r.User, r.Resource}] {
			return r.User + " has no watch of " + r.Resource
		}
	}
	return ""
}

// distinct are the requests that a role is for, each once. A watch that streams what a list would have in it counts for the list
// as well, which older API servers are sent.
func distinct(all []lab.Request, wanted func(r lab.Request) bool) map[string]lab.Request {
	out := map[string]lab.Request{}
	for _, r := range all {
		if !wanted(r) || r.Status == http.StatusNotFound {
			continue
		}
		path, query, _ := strings.Cut(r.URI, "?")
		values, _ := url.ParseQuery(query)
		if r.Verb == "watch" && values.Get("sendInitialEvents") == "true" {
			plain := url.Values{}
			for _, name := range []string{"labelSelector", "fieldSelector"} {
				if values.Has(name) {
					plain.Set(name, values.Get(name))
				}
			}
			out["list "+path] = lab.Request{Verb: "list", Resource: r.Resource, URI: path + "?" + plain.Encode()}
		}
		if _, ok := out[r.Verb+" "+path]; !ok || r.Verb != "list" {
			out[r.Verb+" "+path] = r
		}
	}
	return out
}

// needed sends the requests with all rights of a role, and with all but one.
func needed(t *testing.T, s *lab.Scene, rules []rbacv1.PolicyRule, requests map[string]lab.Request) {
	t.Helper()
	if len(requests) == 0 {
		t.Fatal("no request was logged")
	}
	for name, refused := range taken(t, s, rules, requests) {
		if refused {
			t.Errorf("with every right, %s is refused", name)
		}
	}
	for i, rule := range rules {
		for j, verb := range rule.Verbs {
			what := verb + " " + rule.Resources[0]
			if rule.APIGroups[0] == contract.RoleLabelsGroup {
				continue // asked for by a policy: test/apiserver: TestRolePolicies
			}
			without := slices.Clone(rules)
			without[i].Verbs = slices.Concat(rule.Verbs[:j], rule.Verbs[j+1:])
			without = slices.DeleteFunc(without, func(r rbacv1.PolicyRule) bool { return len(r.Verbs) == 0 })
			missed := 0
			for name, refused := range taken(t, s, without, requests) {
				r := requests[name]
				concerned := r.Verb == verb && strings.HasPrefix(rule.Resources[0], r.Resource) && strings.Contains(r.URI, "/status") == strings.Contains(rule.Resources[0], "/status")
				if refused != concerned {
					t.Errorf("without the right to %s, %s is refused: %t", what, name, refused)
				}
				if refused {
					missed++
				}
			}
			if missed == 0 {
				t.Errorf("nobody misses the right to %s", what)
			}
			t.Logf("without the right to %s, %d of %d requests are refused", what, missed, len(requests))
		}
	}
}

// with sends requests as somebody who has these rules, and reports which are refused.
func taken(t *testing.T, s *lab.Scene, rules []rbacv1.PolicyRule, requests map[string]lab.Request) map[string]bool {
	t.Helper()
	name := fmt.Sprint("somebody-", time.Now().UnixNano())
	meta := metav1.ObjectMeta{Namespace: s.Namespace, Name: name}
	marker := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"list"}}
	must(t, s.Objects.Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: append([]rbacv1.PolicyRule{marker}, rules...)}))
	must(t, s.Objects.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	}))
	config := rest.CopyConfig(s.API)
	config.Impersonate.UserName = name
	as, err := rest.HTTPClientFor(config)
	must(t, err)
	until(s, 10*time.Second, "the rights hold", func(ctx context.Context) string {
		if send(ctx, t, as, s.API.Host, http.MethodGet, "/api/v1/namespaces/"+s.Namespace+"/configmaps") == http.StatusForbidden {
			return "not yet"
		}
		return ""
	})
	out := map[string]bool{}
	for key, r := range requests {
		method := map[string]string{"create": http.MethodPost, "update": http.MethodPut, "patch": http.MethodPatch}[r.Verb]
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		out[key] = send(ctx, t, as, s.API.Host, method, r.URI) == http.StatusForbidden
		cancel()
	}
	return out
}

// send returns the code of an answer. The body is empty: who may not is told so before it is read.
func send(ctx context.Context, t *testing.T, as *http.Client, host, method, uri string) int {
	t.Helper()
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	request, err := http.NewRequestWithContext(ctx, method, host+uri, http.NoBody)
	must(t, err)
	response, err := as.Do(request)
	must(t, err)
	must(t, response.Body.Close())
	return response.StatusCode
}
