// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
)

// The numbers in these tests are those of docs/interleavings.md.

// sentinelThatSays answers as the leader of a failover: MASTER names the old address under the new epoch.
func sentinelThatSays(flags string) func(string) string {
	return func(command string) string {
		switch {
		case strings.HasPrefix(command, "sentinel get-master-addr-by-name"):
			return "*2\r\n" + redistest.Bulk("10.0.0.2") + redistest.Bulk("6379")
		case strings.HasPrefix(command, "sentinel master "):
			facts := []string{"name", "ns.redis", "ip", "10.0.0.1", "port", "6379", "flags", flags, "config-epoch", "2048", "num-slaves", "2"}
			reply := fmt.Sprintf("*%d\r\n", len(facts))
			for _, word := range facts {
				reply += redistest.Bulk(word)
			}
			return reply
		}
		return "*0\r\n"
	}
}

// TestAddressInMASTERIsNotBelieved (2).
func TestAddressInMASTERIsNotBelieved(t *testing.T) {
	server := redistest.Start(t, "127.0.0.1", sentinelThatSays("master,failover_in_progress"))
	client := Keep(server.Address, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	want := model.Sentinel{
		Answered: true, Monitors: true, Address: model.Address{Host: "10.0.0.2", Port: 6379}, ConfigEpoch: 2048, FailoverInProgress: true, Replicas: 2,
	}
	if got := AskSentinel(t.Context(), client, "ns.redis"); got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := AskOwnSentinel(t.Context(), client, "ns.redis"); got.Sentinel != want {
		t.Errorf("my own: got %+v\nwant %+v", got.Sentinel, want)
	}
	if told := server.Told(); told[0] != "sentinel get-master-addr-by-name ns.redis" || told[1] != "sentinel master ns.redis" {
		t.Errorf("asked %q: address and epoch must be of one moment", told)
	}
}

// TestGroupIsRecreatedInOneGo (15, 16): between forgetting and knowing again the Sentinel must serve no client, and it must
// have epoch and voters at the end. One without peers hears of the master before it forgets, so that its clients do.
func TestGroupIsRecreatedInOneGo(t *testing.T) {
	master := model.Address{Host: "10.0.0.2", Port: 6379}
	w := model.Watching{Quorum: 2, DownAfter: 5 * time.Second, FailoverTimeout: 10 * time.Second, ParallelSyncs: 1}
	peers := []model.Peer{{ID: "b", Address: model.Address{Host: "10.1.0.2", Port: 26379}}, {ID: "c", Address: model.Address{Host: "10.1.0.3", Port: 26379}}}
	const (
		forget  = "sentinel remove ns.redis"
		monitor = "sentinel monitor ns.redis 10.0.0.2 6379 2"
		set     = "sentinel set ns.redis quorum 2 down-after-milliseconds 5000 failover-timeout 10000 parallel-syncs 1"
		hello   = "publish __sentinel__:hello "
		says    = ",2048,ns.redis,10.0.0.2,6379,2048"
	)
	for name, c := range map[string]struct {
		peers []model.Peer
		want  []string
	}{
		"with peers": {peers, []string{forget, monitor, set, hello + "10.1.0.2,26379,b" + says, hello + "10.1.0.3,26379,c" + says}},
		"alone":      {nil, []string{hello + "127.0.0.1,1," + strings.Repeat("f", 40) + says, forget, monitor, set}},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, "127.0.0.1", func(command string) string {
				if strings.HasPrefix(command, "publish") {
					return ":1\r\n"
				}
				return ""
			})
			client := Keep(server.Address, model.Credential{})
			t.Cleanup(func() { _ = client.Close() })
			m := model.Announcement{Group: "ns.redis", Master: master, Epoch: 2048}
			if err := NewSentinel(client).Recreate(t.Context(), m, w, c.peers); err != nil {
				t.Fatal(err)
			}
			if told := server.Told(); !slices.Equal(told, c.want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestPromotionLetsWritesInLast (10e): no write needs a replica at first, and none is taken before the server has said that it is
// master, because one that hangs does later what it was told.
func TestPromotionLetsWritesInLast(t *testing.T) {
	server := redistest.Start(t, "127.0.0.1", processThatSays("run-1"))
	client := Keep(server.Address, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	if err := NewServer(client).BecomeMaster(t.Context(), "run-1"); err != nil {
		t.Fatal(err)
	}
	want := []string{"info server", "config set min-replicas-to-write 65536", "replicaof no one", "client unpause", "config set min-replicas-to-write 0"}
	if !slices.Equal(server.Told(), want) {
		t.Errorf("told %q, want %q", server.Told(), want)
	}
}

func processThatSays(run string) func(string) string {
	return func(command string) string {
		if strings.HasPrefix(command, "info") {
			return redistest.Bulk("# Server\r\nrun_id:" + run + "\r\n")
		}
		return ""
	}
}

// TestAnotherProcessIsNotPromoted: the one that claimed has crashed since it answered, and what came up in its place holds nothing.
func TestAnotherProcessIsNotPromoted(t *testing.T) {
	server := redistest.Start(t, "127.0.0.1", processThatSays("run-2"))
	client := Keep(server.Address, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	if err := NewServer(client).BecomeMaster(t.Context(), "run-1"); !errors.Is(err, model.ErrAnotherProcess) {
		t.Errorf("got %v, want %v", err, model.ErrAnotherProcess)
	}
	if told := server.Told(); !slices.Equal(told, []string{"info server"}) {
		t.Errorf("it was told %q", told)
	}
}

// TestCrashWithinAPromotionPromotesNobody: the process dies after it has said which one it is. Nothing that it was to be told reaches
// the next one, however soon that listens.
func TestCrashWithinAPromotionPromotesNobody(t *testing.T) {
	for _, last := range []string{"client id", "info server", "config set min-replicas-to-write 65536"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		var mu sync.Mutex
		var toTheNext []string
		go func() {
			for process := 1; ; process++ {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				answerUntil(conn, func(command string) (string, bool) {
					if process > 1 {
						mu.Lock()
						toTheNext = append(toTheNext, command)
						mu.Unlock()
						return "+OK\r\n", true
					}
					return answerOf(command), command != last
				})
			}
		}()
		address, _ := listener.Addr().(*net.TCPAddr)
		client := Keep(model.Address{Host: "127.0.0.1", Port: address.Port}, model.Credential{})
		t.Cleanup(func() { _ = client.Close() })
		if err := NewServer(client).BecomeMaster(t.Context(), "run-1"); err == nil {
			t.Errorf("%s: no error, and nothing was promoted", last)
		}
		mu.Lock()
		if len(toTheNext) > 0 {
			t.Errorf("%s: the next process was told %q", last, toTheNext)
		}
		mu.Unlock()
	}
}

func answerOf(command string) string {
	switch command {
	case "client id":
		return ":7\r\n"
	case "info server":
		return redistest.Bulk("run_id:run-1\r\n")
	}
	return "+OK\r\n"
}

// TestServerThatHangsIsToldNothing: what it reads only when it goes on, it would carry out in another world. So it is asked first
// whether it answers, on the connection of each order.
func TestServerThatHangsIsToldNothing(t *testing.T) {
	master := model.Address{Host: "10.0.0.2", Port: 6379}
	for what, order := range map[string]func(context.Context, Server) error{
		"follow":  func(ctx context.Context, s Server) error { return s.ReplicateFrom(ctx, master) },
		"promote": func(ctx context.Context, s Server) error { return s.BecomeMaster(ctx, "run-1") },
		"pause":   func(ctx context.Context, s Server) error { return s.PauseWrites(ctx, time.Second) },
		"resume":  func(ctx context.Context, s Server) error { return s.ResumeWrites(ctx) },
		"tune":    func(ctx context.Context, s Server) error { return s.Tune(ctx, model.Tuning{}) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = listener.Close() })
			goesOn, told := make(chan struct{}), make(chan []string, 1)
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				var all []string
				answered := false
				answerUntil(conn, func(command string) (string, bool) {
					if answered {
						<-goesOn
						all = append(all, command)
					}
					answered = answered || command == "client id"
					return answerOf(command), true
				})
				told <- all
			}()
			address, _ := listener.Addr().(*net.TCPAddr)
			client := Keep(model.Address{Host: "127.0.0.1", Port: address.Port}, model.Credential{})
			if err := client.ClientID(t.Context()).Err(); err != nil { // the connection is there, and then the server hangs
				t.Fatal(err)
			}
			if err := order(t.Context(), NewServer(client)); err == nil {
				t.Error("a server that did not answer has carried out an order")
			}
			_ = client.Close()
			close(goesOn)
			for _, command := range <-told {
				if !slices.Contains([]string{"client id", "config get replica-priority"}, command) {
					t.Errorf("it is told %q when it goes on", command)
				}
			}
		})
	}
}

// answerUntil answers commands, and closes the connection after an answer that was the last.
func answerUntil(conn net.Conn, answer func(command string) (reply string, goOn bool)) {
	defer conn.Close() //nolint:errcheck // that is the crash
	in := bufio.NewReader(conn)
	for goOn := true; goOn; {
		var words, size int
		if _, err := fmt.Fscanf(in, "*%d\r\n", &words); err != nil {
			return
		}
		command := make([]string, words)
		for i := range command {
			if _, err := fmt.Fscanf(in, "$%d\r\n", &size); err != nil {
				return
			}
			word := make([]byte, size+len("\r\n"))
			if _, err := io.ReadFull(in, word); err != nil {
				return
			}
			command[i] = string(word[:size])
		}
		var reply string
		if reply, goOn = answer(strings.Join(command, " ")); command[0] == "hello" {
			reply, goOn = "-ERR unknown command\r\n", true
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

// TestTuningSetsWhatDiffers: a lag of nought leaves the server as it is, because only masters look at it.
func TestTuningSetsWhatDiffers(t *testing.T) {
	has := map[string]string{"replica-priority": "100", "replica-serve-stale-data": "yes", "min-replicas-to-write": "0", "min-replicas-max-lag": "10"}
	server := redistest.Start(t, "127.0.0.1", func(command string) string {
		if name, ok := strings.CutPrefix(command, "config get "); ok {
			return "*2\r\n" + redistest.Bulk(name) + redistest.Bulk(has[name])
		}
		return ""
	})
	client := Keep(server.Address, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	for _, c := range []struct {
		tuning model.Tuning
		want   []string
	}{
		{model.Tuning{Priority: 1, ServeStale: true, MinReplicas: 1, MaxLag: 3}, []string{"replica-priority 1", "min-replicas-max-lag 3", "min-replicas-to-write 1"}},
		{model.Tuning{Priority: 100, MinReplicas: model.NoWrites}, []string{"replica-serve-stale-data no", "min-replicas-to-write 65536"}},
	} {
		before := len(server.Told())
		if err := NewServer(client).Tune(t.Context(), c.tuning); err != nil {
			t.Fatal(err)
		}
		var set []string
		for _, command := range server.Told()[before:] {
			if what, ok := strings.CutPrefix(command, "config set "); ok {
				set = append(set, what)
			}
		}
		if !slices.Equal(set, c.want) {
			t.Errorf("%+v: set %q, want %q", c.tuning, set, c.want)
		}
	}
}

// TestOptionThatAServerDoesNotKnow: servers say so in two ways, and neither is an error. Another answer is one.
func TestOptionThatAServerDoesNotKnow(t *testing.T) {
	for answer, fails := range map[string]bool{
		"-ERR Unsupported CONFIG parameter: shutdown-timeout\r\n":                            false,
		"-ERR Unknown option or number of arguments for CONFIG SET - 'shutdown-timeout'\r\n": false,
		"-NOPERM this user has no permissions to run the 'config|set' command\r\n":           true,
	} {
		server := redistest.Start(t, "127.0.0.1", func(string) string { return answer })
		client := Keep(server.Address, model.Credential{})
		t.Cleanup(func() { _ = client.Close() })
		if err := NewServer(client).SetWhereKnown(t.Context(), "shutdown-timeout", "5"); (err != nil) != fails {
			t.Errorf("%q: error %v, want one: %v", answer, err, fails)
		}
	}
}
