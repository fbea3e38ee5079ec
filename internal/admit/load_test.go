// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// inflated is a review of an update of the quickstart, with an element so many times in its list of containers.
func inflated(tb testing.TB, element string, times int) []byte {
	tb.Helper()
	set := strings.Replace(string(quickstart(tb)), `"containers":[`, `"containers":[`+strings.Repeat(element+",", times), 1)
	return fmt.Appendf(nil, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"42","namespace":"shop","name":"redis","operation":"UPDATE","object":%s,"oldObject":%s}}`, set, set)
}

func (s server) post(tb testing.TB, body io.Reader) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, contract.PathMutateStatefulSets, body)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// TestNoReviewCostsMoreThanItsShare sends what is small on the wire and large in memory: `{}` in a list of containers
// becomes 408 bytes. With controller-runtime's handler the first of these took 5.5 GiB and 11 s.
func TestNoReviewCostsMoreThanItsShare(t *testing.T) {
	const mebibyte = 1 << 20
	for name, tc := range map[string]struct {
		body []byte
		code int
		// most is how much may be allocated, in MiB; garbage included.
		most uint64
	}{
		"6.6 MB of empty containers":       {inflated(t, `{}`, 1_100_000), http.StatusRequestEntityTooLarge, 1},
		"3 MB of empty containers":         {inflated(t, `{}`, 500_000), http.StatusRequestEntityTooLarge, 10},
		"as many as are allowed":           {inflated(t, `null`, 20_200), http.StatusOK, 160},
		"a large StatefulSet that is real": {inflated(t, `{"name":"x","image":"y","args":["`+strings.Repeat("0123456789", 100)+`"]}`, 1000), http.StatusOK, 20},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, &stub{}, noLabels)
			s.Log = logr.Discard()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w := s.post(t, bytes.NewReader(tc.body))
			runtime.ReadMemStats(&after)
			took := (after.TotalAlloc - before.TotalAlloc) / mebibyte
			t.Logf("%d kB: %d MiB", len(tc.body)/1000, took)
			if w.Code != tc.code || took > tc.most {
				t.Errorf("status %d and %d MiB, want %d and at most %d MiB: %.300s", w.Code, took, tc.code, tc.most, w.Body)
			}
		})
	}
}

// TestSizeIsFoundOutWhileReading: a length that the sender gives is not believed, nor its absence.
func TestSizeIsFoundOutWhileReading(t *testing.T) {
	body := inflated(t, `{}`, 1_100_000)
	s := newServer(t, &stub{}, noLabels)
	if w := s.post(t, iotest.OneByteReader(strings.NewReader("{"))); w.Code != http.StatusBadRequest {
		t.Errorf("half a review: %d", w.Code)
	}
	read := &counting{Reader: bytes.NewReader(body)}
	if w := s.post(t, read); w.Code != http.StatusRequestEntityTooLarge || read.n > maxBody+1 {
		t.Errorf("status %d after %d bytes", w.Code, read.n)
	}
	if s.turnedAway(t, "too_large") != 1 {
		t.Error("not counted")
	}
}

type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// TestTooMuchAtOnceIsAskedBack: when the memory is given out, further reviews are asked to come again, and small bodies
// are still read while large ones are slow.
func TestTooMuchAtOnceIsAskedBack(t *testing.T) {
	l := newLoad()
	inside, leave := make(chan struct{}), make(chan struct{})
	s := newServer(t, &stub{}, noLabels)
	s.mux = handler(s.Server, l, func(context.Context, request[appsv1.StatefulSet]) answer {
		inside <- struct{}{}
		<-leave
		return answer{Result: mutate.Result{Reason: mutate.Unchanged}}
	})
	var group sync.WaitGroup
	group.Go(func() { s.post(t, bytes.NewReader(inflated(t, `null`, 20_000))) })
	<-inside
	second := s.post(t, bytes.NewReader(inflated(t, `null`, 20_000)))
	if second.Code != http.StatusTooManyRequests || second.Header().Get("Retry-After") == "" {
		t.Errorf("a second large one: %d", second.Code)
	}
	group.Go(func() { s.post(t, bytes.NewReader(inflated(t, `{}`, 1))) })
	<-inside
	leave <- struct{}{}
	leave <- struct{}{}
	group.Wait()

	// Two who never send the rest of a large body hold nothing that a small review needs.
	var ends []io.Closer
	for range largeBodies {
		stuck, finish := io.Pipe()
		ends = append(ends, finish)
		group.Go(func() { s.post(t, stuck) })
		if _, err := finish.Write(bytes.Repeat([]byte(" "), smallBody+2)); err != nil {
			t.Fatal(err)
		}
	}
	group.Go(func() {
		if w := s.post(t, bytes.NewReader(inflated(t, `{}`, 1))); w.Code != http.StatusOK {
			t.Errorf("a small one: %d", w.Code)
		}
	})
	<-inside
	leave <- struct{}{}
	for _, end := range ends {
		_ = end.Close()
	}
	group.Wait()
	if l.memory.TryAcquire(budget + 1) {
		t.Error("there is no limit")
	}
}

// TestMemoryIsGivenBack after every way out.
func TestMemoryIsGivenBack(t *testing.T) {
	l := newLoad()
	s := newServer(t, &stub{}, noLabels)
	s.mux = handler(s.Server, l, func(context.Context, request[appsv1.StatefulSet]) answer { panic("inside") })
	for _, body := range [][]byte{inflated(t, `{}`, 1), inflated(t, `{}`, 30_000), inflated(t, `{}`, 500_000), []byte("nonsense"), nil} {
		s.post(t, bytes.NewReader(body))
		if !l.memory.TryAcquire(budget) || !l.large.TryAcquire(largeBodies) {
			t.Fatalf("something was kept of a body of %d bytes", len(body))
		}
		l.memory.Release(budget)
		l.large.Release(largeBodies)
	}
}

// TestWhatIsNoReviewIsAnsweredAndNotLogged: everybody can send it.
func TestWhatIsNoReviewIsAnsweredAndNotLogged(t *testing.T) {
	s := newServer(t, &stub{}, noLabels)
	for _, body := range []string{
		"", "{", "[]", "null", `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}`,
		`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"1"}}`,
		`{"kind":"Other","apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{}}}`,
		`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":7}}`,
		strings.Repeat("[", 100_000),
	} {
		if w := s.post(t, strings.NewReader(body)); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%.60q: %d", body, w.Code)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, contract.PathMutatePods, http.NoBody)
	w := httptest.NewRecorder()
	if s.mux.ServeHTTP(w, r); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("GET: %d", w.Code)
	}
	if s.log.Len() > 0 {
		t.Errorf("log %s", s.log)
	}
}

// TestObjectOfTheWrongTypeIsDenied: what is wrong inside an object leaves the review itself legible.
func TestObjectOfTheWrongTypeIsDenied(t *testing.T) {
	s := newServer(t, &stub{}, noLabels)
	for _, object := range []string{`{"spec":"x"}`, `null`, `[]`, `{"metadata":{"creationTimestamp":"x"}}`, `{"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"x"}}}]}}}}`} {
		w := s.post(t, strings.NewReader(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"42","namespace":"shop","name":"redis","object":`+object+`}}`))
		if !strings.Contains(w.Body.String(), mutate.DeniedMalformed.String()) || !strings.Contains(w.Body.String(), `"uid":"42"`) || !strings.Contains(w.Body.String(), `"allowed":false`) {
			t.Errorf("%s: %s", object, w.Body)
		}
	}
}

// TestWhatIsRepeatedIsShort: a message repeats what the sender wrote, and so does the log.
func TestWhatIsRepeatedIsShort(t *testing.T) {
	s := newServer(t, &stub{}, noLabels)
	long := strings.Repeat("x", 1<<20)
	for _, set := range []string{
		`{"metadata":{"name":"redis","labels":{"redis-sentinel":"` + long + `"}}}`,
		`{"metadata":{"name":"` + long + `","labels":{"redis-sentinel":"enabled"}}}`,
		`{"metadata":{"name":"redis","annotations":{"redis-sentinel.dev/` + long + `":""},"labels":{"redis-sentinel":"enabled"}}}`,
	} {
		w := s.post(t, strings.NewReader(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"42","namespace":"shop","object":`+set+`}}`))
		if w.Code != http.StatusOK || w.Body.Len() > 10_000 || s.log.Len() > 20_000 {
			t.Errorf("status %d, an answer of %d bytes, a log of %d", w.Code, w.Body.Len(), s.log.Len())
		}
	}
	for _, field := range []string{"uid", "namespace", "name"} {
		w := s.post(t, strings.NewReader(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"42","`+field+`":"`+long+`","object":{}}}`))
		if w.Code != http.StatusBadRequest || w.Body.Len() > 1000 {
			t.Errorf("a long %s: status %d, %d bytes", field, w.Code, w.Body.Len())
		}
	}
}

// turnedAway is how many requests were turned away for a cause.
func (s server) turnedAway(tb testing.TB, cause string) float64 {
	tb.Helper()
	families, err := s.counted.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "cause" && label.GetValue() == cause {
					return metric.GetCounter().GetValue()
				}
			}
		}
	}
	return 0
}
