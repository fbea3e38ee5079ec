// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"net"
	"strconv"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Redis is what one server says about itself; Role is empty when it does not answer.
type Redis struct {
	Role string // contract.RoleMaster, contract.RoleReplica or empty
	// Follows is the address of its master; LinkUp reports whether that link is up. Both are for replicas.
	Follows string
	LinkUp  bool
	// Replicas is how many replicas of a master are online.
	Replicas int
	Loading  bool
	Keys     int
	RunID    string
	Offset   int64
}

// askRedis asks one server for INFO. Silence is an empty Redis, and so is a server that wants another password.
func (w *World) askRedis(ctx context.Context, address, password string) Redis {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	text, err := w.servers.at(address, password).Info(ctx, "everything").Result()
	if err != nil {
		return Redis{}
	}
	return readInfo(text)
}

func readInfo(text string) Redis {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[key] = value
		}
	}
	read := Redis{
		Role:    contract.RoleMaster,
		LinkUp:  info["master_link_status"] == "up",
		Loading: info["loading"] == "1",
		RunID:   info["run_id"],
	}
	if info["role"] == "slave" {
		read.Role = contract.RoleReplica
		read.Follows = net.JoinHostPort(info["master_host"], info["master_port"])
	}
	read.Replicas, _ = strconv.Atoi(info["connected_slaves"])
	read.Offset, _ = strconv.ParseInt(info["master_repl_offset"], 10, 64)
	for field := range strings.SplitSeq(info["db0"], ",") {
		if count, found := strings.CutPrefix(field, "keys="); found {
			read.Keys, _ = strconv.Atoi(count)
		}
	}
	return read
}

// askSentinel returns the address that this Sentinel gives to clients, or nothing.
func (w *World) askSentinel(ctx context.Context, ip, masterName string) string {
	if ip == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	sentinel := w.servers.at(net.JoinHostPort(ip, strconv.Itoa(contract.SentinelPort)), "")
	reply, err := sentinel.Do(ctx, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName).StringSlice()
	if err != nil || len(reply) != 2 {
		return ""
	}
	return net.JoinHostPort(reply[0], reply[1])
}
