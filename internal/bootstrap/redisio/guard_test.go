// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
)

// hostile is a server that answers every command with the same bytes, and goes on as long as it is read.
func hostile(t *testing.T, says string, again string) model.Address {
	t.Helper()
	return raw(t, func(conn net.Conn) {
		command := make([]byte, 4096)
		for {
			if _, err := conn.Read(command); err != nil {
				return
			}
			_, err := io.WriteString(conn, says)
			for err == nil && again != "" {
				_, err = io.WriteString(conn, again)
			}
		}
	})
}

// raw is a server of bytes: each connection is served beside the others, and closed afterwards.
func raw(t *testing.T, serve func(net.Conn)) model.Address {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close() //nolint:errcheck // the test is over
				serve(conn)
			}()
		}
	}()
	return model.Address{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port}
}

// TestHostileReplyCostsLittle: whoever runs a Redis of a group may have it answer anything. The agent takes it for silence, at once,
// and does not make room for what was announced.
func TestHostileReplyCostsLittle(t *testing.T) {
	blob := strings.Repeat("x", 64<<10)
	for name, c := range map[string][2]string{
		"a gigabyte that is announced":          {"$1073741824\r\n", blob},
		"a hundred megabytes that come":         {"$104857600\r\n", blob},
		"a billion elements":                    {"*1000000000\r\n", ""},
		"arrays in arrays":                      {"", strings.Repeat("*1\r\n", 16<<10)},
		"many arrays":                           {"*16000\r\n", "*16000\r\n"},
		"a line without an end":                 {"+", blob},
		"an error without an end":               {"-", blob},
		"a number beyond all numbers":           {"$99999999999999999999999999\r\n", blob},
		"a map of the other protocol":           {"%1000000000\r\n", ""},
		"an error of the other protocol":        {"!1000000000\r\n", blob},
		"a length that is none":                 {"$1x\r\n", blob},
		"a small string before one that is not": {"*2\r\n$1\r\na\r\n$1073741824\r\n", blob},
	} {
		t.Run(name, func(t *testing.T) {
			clients := NewClients()
			defer clients.Sweep(0)
			client := clients.To(hostile(t, c[0], c[1]), model.Credential{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			if r := Ask(t.Context(), client); r.Answer != model.Silent {
				t.Errorf("got %+v, want silence", r)
			}
			runtime.ReadMemStats(&after)
			if took, cost := time.Since(began), after.TotalAlloc-before.TotalAlloc; cost > 24<<20 || took > 5*time.Second {
				t.Errorf("it cost %d MiB and %s", cost>>20, took)
			}
		})
	}
}

// served is a connection with these bytes to read, some at a time.
type served struct {
	net.Conn
	data *bytes.Reader
	step int
}

func (s served) Read(into []byte) (int, error) { return s.data.Read(into[:min(len(into), s.step)]) }
func (served) Close() error                    { return nil }

// TestHonestRepliesPass: however they are cut into pieces, and however many follow each other.
func TestHonestRepliesPass(t *testing.T) {
	info := fmt.Sprintf("$%d\r\n%s\r\n", 6000, strings.Repeat("i", 6000))
	master := "*4\r\n$4\r\nname\r\n$1\r\nm\r\n$2\r\nip\r\n$0\r\n\r\n"
	replies := info + "+OK\r\n:1\r\n-ERR no\r\n$-1\r\n*-1\r\n*0\r\n" + master + "*2\r\n" + master + master + "*3\r\n*0\r\n*1\r\n:2\r\n+PONG\r\n"
	all := strings.Repeat(replies, 200)
	for _, step := range []int{1, 2, 7, 4096} {
		got, err := io.ReadAll(guard(served{data: bytes.NewReader([]byte(all)), step: step}, 8<<10))
		if err != nil || string(got) != all {
			t.Errorf("in steps of %d: %d of %d bytes, %v", step, len(got), len(all), err)
		}
	}
	one := guard(served{data: bytes.NewReader([]byte("$9000\r\n" + strings.Repeat("i", 9000) + "\r\n")), step: 4096}, 8<<10)
	if _, err := io.ReadAll(one); !errors.Is(err, errTooLarge) {
		t.Errorf("a reply beyond the bound: %v", err)
	}
}

// FuzzGuard: however it is cut, what comes through is what was sent, and no string that was announced in it is longer than may be.
func FuzzGuard(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nabc\r\n:1\r\n+OK\r\n"), 3)
	f.Add([]byte("$10\r\n0123456789\r\n*1\r\n*1\r\n*1\r\n$2000\r\n"), 1)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		const most = 1 << 10
		got, err := io.ReadAll(guard(served{data: bytes.NewReader(data), step: max(step&0xff, 1)}, most))
		if !bytes.HasPrefix(data, got) || err == nil && len(got) != len(data) {
			t.Fatalf("%d bytes of %d came through, %v", len(got), len(data), err)
		}
		for rest := got; len(rest) > 0; {
			line, after, whole := bytes.Cut(rest, []byte("\n"))
			if !whole || err != nil {
				break
			}
			rest = after
			n, bad := strconv.Atoi(strings.TrimSuffix(string(line[1:]), "\r"))
			if (line[0] == '$' || line[0] == '*') && (n > most || errors.Is(bad, strconv.ErrRange) && line[1] != '-') {
				t.Fatalf("%q came through", line)
			}
			if line[0] == '$' && line[1] != '-' {
				rest = rest[min(n+2, len(rest)):]
			}
		}
	})
}

// TestTextsOfOthersAreShort: what is kept of a reply is an identity, an address or a number.
func TestTextsOfOthersAreShort(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	r := ParseInfo("run_id:r\nrole:slave\nmaster_host:" + long + "\nmaster_port:99999999\nmaster_replid:" + long + "\nmaster_replid2:" + long + "\n")
	if r.ReplID != "" || r.ReplID2 != "" || r.Following != (model.Address{}) {
		t.Errorf("kept %.200v", r)
	}
	if r = ParseInfo("run_id:" + long + "\nrole:master\n"); r.Answer != model.Silent {
		t.Errorf("a server of a long name is somebody: %.200v", r)
	}
	var h Hellos
	h.hear("10.1.0.2,26379,id,77,g,1,1,1," + long)
	if h.Epoch() != 0 {
		t.Error("a hello of ten thousand characters is read")
	}
}

// TestReplicasAreTakenInInNumbers: a Redis may name any number of replicas, and Sentinel lists them all. Each would be kept, and asked
// whether somebody is there.
func TestReplicasAreTakenInInNumbers(t *testing.T) {
	var all strings.Builder
	const many = 2000
	fmt.Fprintf(&all, "*%d\r\n", many)
	for n := range many {
		host := fmt.Sprintf("10.9.%d.%d", n/250, n%250)
		fmt.Fprintf(&all, "*4\r\n$2\r\nip\r\n$%d\r\n%s\r\n$4\r\nport\r\n$2\r\n22\r\n", len(host), host)
	}
	server := redistest.Start(t, "127.0.0.1", func(command string) string {
		switch command {
		case "sentinel get-master-addr-by-name g":
			return "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n"
		case "sentinel master g":
			return "*2\r\n$12\r\nconfig-epoch\r\n$1\r\n7\r\n"
		case "sentinel replicas g", "sentinel sentinels g":
			return all.String()
		}
		return ""
	}).Address
	client := Keep(server, model.Credential{})
	defer client.Close() //nolint:errcheck // the test is over
	first := AskOwnSentinel(context.WithoutCancel(t.Context()), client, "g")
	if !first.Monitors || len(first.Replicas) != mostListed || len(first.Peers) != mostListed {
		t.Errorf("monitors %v, %d replicas, %d peers; want %d each", first.Monitors, len(first.Replicas), len(first.Peers), mostListed)
	}
}
