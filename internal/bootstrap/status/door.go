// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"net"
	"slices"
	"sync"
)

// mostGuests is how many connections are open at once. A connection takes about 20 KiB.
const mostGuests = 64

// door accepts every connection and keeps only so many. To make room for a new one it closes the oldest of the source that has the
// most: whoever fills the place up pushes himself out, and the kubelet, whose connections live for a millisecond, always comes in.
// A listener that makes newcomers wait would make the kubelet wait too.
type door struct {
	net.Listener
	most int

	mu     sync.Mutex
	guests []*guest // in order of arrival
}

func newDoor(l net.Listener) *door { return &door{Listener: l, most: mostGuests} }

// guest is one connection.
type guest struct {
	net.Conn
	door   *door
	source string
	// kept is the door's: this one is not closed to make room.
	kept bool
}

// guestKey is where the context of a request has its connection.
type guestKey struct{}

// keepOpen keeps the connection of a request from being closed to make room, because its caller has proved to be the kubelet.
func keepOpen(ctx context.Context) {
	if g, ok := ctx.Value(guestKey{}).(*guest); ok {
		g.door.mu.Lock()
		defer g.door.mu.Unlock()
		g.kept = true
	}
}

// Accept returns the next connection.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g := &guest{Conn: conn, door: d, source: sourceOf(conn.RemoteAddr().String())}
	d.mu.Lock()
	d.guests = append(d.guests, g)
	var leaves *guest
	if len(d.guests) > d.most {
		leaves = d.oldestOfMost()
		d.strike(leaves)
	}
	d.mu.Unlock()
	if leaves != nil {
		_ = leaves.Conn.Close() // whoever waits on it is told so by its error
	}
	return g, nil
}

// oldestOfMost is the oldest connection of the source that has the most; of several such sources, the oldest of all theirs. Where
// all are the kubelet's, somebody else has its token: it is the oldest.
func (d *door) oldestOfMost() *guest {
	count := map[string]int{}
	for _, g := range d.guests {
		if !g.kept {
			count[g.source]++
		}
	}
	chosen := d.guests[0]
	for _, g := range d.guests {
		if !g.kept && (chosen.kept || count[g.source] > count[chosen.source]) {
			chosen = g
		}
	}
	return chosen
}

// strike takes a connection off the list; the caller has the lock.
func (d *door) strike(g *guest) {
	if i := slices.Index(d.guests, g); i >= 0 {
		d.guests = slices.Delete(d.guests, i, i+1)
	}
}

// Close closes the connection, once or several times.
func (g *guest) Close() error {
	g.door.mu.Lock()
	g.door.strike(g)
	g.door.mu.Unlock()
	return g.Conn.Close()
}
