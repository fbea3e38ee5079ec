// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// What reviews may cost together, within the 192 MiB that the chart gives the webhook. Everybody who reaches the port can
// send a review, so neither their number nor their size is bounded by what API servers do.
const (
	// maxBody is more than a review of any object that is in use: etcd takes objects up to 1.5 MiB.
	maxBody = 3 << 20
	// smallBody is read at once, by every connection if need be. Larger bodies are read largeBodies at a time.
	smallBody   = 64 << 10
	largeBodies = 2
	// budget is what all reviews at work may take in memory, by estimate. A single one may take all of it.
	budget = 80 << 20
	// valueCost is what one value in JSON can become: `{}` in a list of containers is a whole Container, twice while the
	// list grows and once more in a copy. Usual values are a twentieth of it.
	valueCost = 2 << 10
	// patience is how long a review waits for its share. Then the API server is asked to come back.
	patience = 1500 * time.Millisecond
)

var (
	// errTooLarge answers 413.
	errTooLarge = fmt.Errorf("the review is too large: the webhook takes objects of %d KiB and %d values in JSON, the object before the change included: make the StatefulSet smaller, for example by moving environment variables into a ConfigMap", maxBody>>10, budget/valueCost)
	// errBusy answers 429.
	errBusy = errors.New("the webhook is busy with other reviews: try again")
)

// load holds how much is read and reviewed at the moment.
type load struct {
	large, memory *semaphore.Weighted
}

func newLoad() *load {
	return &load{large: semaphore.NewWeighted(largeBodies), memory: semaphore.NewWeighted(budget)}
}

// read returns the body and takes its share of the memory, which done gives back.
func (l *load) read(ctx context.Context, r *http.Request) (body []byte, done func(), err error) {
	if r.ContentLength > maxBody {
		return nil, nil, errTooLarge
	}
	body, ended, err := readUpTo(r.Body, room(r.ContentLength), smallBody)
	if err != nil {
		return nil, nil, err
	}
	release := func() {}
	if !ended {
		if !acquire(ctx, l.large, 1) {
			return nil, nil, errBusy
		}
		release = func() { l.large.Release(1) }
		if body, ended, err = readUpTo(r.Body, body, maxBody); err == nil && !ended {
			err = errTooLarge
		}
	}
	cost := costOf(body)
	switch {
	case err != nil:
	case cost > budget:
		err = errTooLarge
	case !acquire(ctx, l.memory, cost):
		err = errBusy
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return body, func() { l.memory.Release(cost); release() }, nil
}

// acquire takes a share at once where it is free, which it nearly always is, and waits a while for it where it is not.
func acquire(ctx context.Context, of *semaphore.Weighted, share int64) bool {
	if of.TryAcquire(share) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return of.Acquire(ctx, share) == nil
}

// usualBody is as long as the reviews of most pods.
const usualBody = 16 << 10

// room is what a body of a known length needs, with a byte more to see that it ends. Of what is said to be longer than usual only that much
// is made room for: anybody may say it, and send nothing.
func room(length int64) []byte {
	return make([]byte, 0, min(max(length, 0), usualBody)+1)
}

// readUpTo reads on until the body ends, or until there is more of it than the limit.
func readUpTo(from io.Reader, body []byte, limit int) (_ []byte, ended bool, err error) {
	for len(body) <= limit {
		if len(body) == cap(body) {
			body = append(body, make([]byte, max(512, min(len(body), limit+1-len(body))))...)[:len(body)]
		}
		n, err := from.Read(body[len(body):min(cap(body), limit+1)])
		body = body[:len(body)+n]
		if errors.Is(err, io.EOF) {
			return body, true, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("reading the review: %w", err)
		}
	}
	return body, false, nil
}

// costOf estimates the memory that a review takes, by its length and the number of its values.
func costOf(body []byte) int64 {
	values, quoted := int64(0), false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '{' || c == '['):
			values++
		}
	}
	return int64(len(body)) + values*valueCost
}
