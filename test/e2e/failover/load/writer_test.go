// SPDX-License-Identifier: Apache-2.0

package load

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

// writeTo starts a writer on the wire to a server that answers each write when wait returns.
func writeTo(t *testing.T, wait func()) *Writer {
	t.Helper()
	server := redistest.Start(t, "127.0.0.1", func(command string) string {
		if strings.HasPrefix(command, "setbit") {
			wait()
			return ":0\r\n"
		}
		return ""
	})
	writer, err := Start(t.Context(), Spec{Path: measure.ByService, Client: measure.OnTheWire, Address: server.Address.String(), Key: "k", Rate: 500})
	if err != nil {
		t.Fatal(err)
	}
	return writer
}

// more waits for that many more acknowledged writes.
func more(t *testing.T, writer *Writer, count int) {
	t.Helper()
	from := writer.Acks()
	for deadline := time.Now().Add(10 * time.Second); writer.Acks() < from+count; {
		if time.Now().After(deadline) {
			t.Fatalf("%d writes acknowledged, want %d", writer.Acks()-from, count)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestWriteThatHangsHidesAndInventsNothing: every tenth write gets no answer, and those between them are acknowledged when they are.
func TestWriteThatHangsHidesAndInventsNothing(t *testing.T) {
	forever := make(chan struct{})
	var count atomic.Int64
	writer := writeTo(t, func() {
		if count.Add(1)%10 == 0 {
			<-forever
		}
	})
	began := time.Now()
	more(t, writer, 300)
	log := writer.Stop()
	close(forever)
	// One that is answered late would make a gap of the timeout.
	if gap := log.LongestGap(began); gap.Time >= wireTimeout/2 {
		t.Errorf("a gap of %s, though nine of ten writes were answered at once", gap.Time)
	}
	if log.Errors["timeout"] == 0 {
		t.Errorf("errors %v: those that hung are none of them", log.Errors)
	}
}

// TestStallIsAGapOfItsLength: a server that answers nothing for a while makes a gap of that while, whatever was sent meanwhile.
func TestStallIsAGapOfItsLength(t *testing.T) {
	const stall = 300 * time.Millisecond
	var over atomic.Pointer[time.Time]
	writer := writeTo(t, func() {
		if until := over.Load(); until != nil {
			time.Sleep(time.Until(*until))
		}
	})
	more(t, writer, 50)
	until := time.Now().Add(stall)
	over.Store(&until)
	began := time.Now()
	more(t, writer, 200)
	log := writer.Stop()
	gap := log.LongestGap(began)
	if gap.Time < stall-50*time.Millisecond || gap.Time > 2*stall {
		t.Errorf("a gap of %s, want %s", gap.Time, stall)
	}
	if bits := make([]byte, 1); log.Lost(bits, gap).Count != log.Acks() {
		t.Errorf("of %d acknowledged writes %d are lost on a server that has nothing", log.Acks(), log.Lost(bits, gap).Count)
	}
}
