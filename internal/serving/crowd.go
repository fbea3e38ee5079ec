// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// crowd is a listener with room for so many connections and no more. When it is full, a new connection gets the place of
// the one that has said nothing for longest. To let newcomers wait instead would let anybody who opens connections and
// stays silent keep the API server out.
type crowd struct {
	net.Listener
	room int
	now  func() time.Time

	mu   sync.Mutex
	here map[*guest]bool
}

func newCrowd(listener net.Listener, room int, now func() time.Time) *crowd {
	return &crowd{Listener: listener, room: room, now: now, here: map[*guest]bool{}}
}

// guest is one connection.
type guest struct {
	net.Conn
	crowd *crowd
	// since is when it came, or when its last request was answered.
	since time.Time
	// served is set from the end of a request's body to the end of the answer: then it is not sent away.
	served bool
}

// Accept makes room where there is none. If everybody is being served, the newcomer goes.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g := &guest{Conn: conn, crowd: c, since: c.now()}
		if c.admit(g) {
			return g, nil
		}
		_ = conn.Close()
	}
}

func (c *crowd) admit(g *guest) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.here) >= c.room {
		var silent *guest
		for other := range c.here {
			if !other.served && (silent == nil || other.since.Before(silent.since)) {
				silent = other
			}
		}
		if silent == nil {
			return false
		}
		delete(c.here, silent)
		_ = silent.Conn.Close()
	}
	c.here[g] = true
	return true
}

// Close gives the place back.
func (g *guest) Close() error {
	g.crowd.mu.Lock()
	delete(g.crowd.here, g)
	g.crowd.mu.Unlock()
	return g.Conn.Close()
}

func (g *guest) serve(served bool) {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	g.served, g.since = served, g.crowd.now()
}

// guestKey is where a connection's guest is kept.
type guestKey struct{}

// guestOf finds the guest below TLS.
func guestOf(conn net.Conn) *guest {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	g, _ := conn.(*guest)
	return g
}

// marking tells the crowd whose request is complete.
func marking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g, ok := r.Context().Value(guestKey{}).(*guest)
		if !ok || g == nil {
			next.ServeHTTP(w, r)
			return
		}
		defer g.serve(false)
		if r.Body == nil || r.Body == http.NoBody {
			g.serve(true)
		} else {
			r.Body = &heard{r.Body, g}
		}
		next.ServeHTTP(w, r)
	})
}

// heard is a body that tells when it was read to its end.
type heard struct {
	io.ReadCloser
	guest *guest
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	if err == io.EOF { //nolint:errorlint // a body ends with this very value
		h.guest.serve(true)
	}
	return n, err
}
