// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"errors"
	"net"
	"syscall"
)

// Bounds of one reply. The library makes room for as much as a reply says that it will have, before it has come: without a bound a
// server that is asked for INFO could have a gigabyte of the agent by sending twelve bytes. Servers of a group are a tenant's.
const (
	// mostBytes is what a reply may have; that of INFO has 6 KiB, and what my own Sentinel lists of a thousand groups 1.5 MiB.
	mostBytes = 4 << 20
	// mostForeignBytes is the same for a server of another pod, which is only ever asked short questions.
	mostForeignBytes = 256 << 10
	// bytesOfElement bounds the elements of a reply: each takes some in memory, however short it is on the wire.
	bytesOfElement = 16
)

// errFull is the error of a connection that a server ends at once, because it has as many clients as it takes. It says so before it is asked
// anything; to the library that would be the answer to its first command, and the next one an end without a word.
var errFull = errors.New("the server has as many clients as it takes")

// saysFull is how such a server begins.
const saysFull = "-ERR max number of clients"

var errTooLarge = errors.New("the reply is larger than any that is asked for")

// guarded is a connection whose replies are bounded. It reads the headers of the protocol as they come by, and fails before the
// library sees one that announces too much.
type guarded struct {
	net.Conn
	most int

	// bytes and elements are those of the reply so far, and left how many values it still has to have.
	bytes, elements, left int
	// skip is how much of a string is still to come, with its line end.
	skip int
	// header is the line that is being read, without its end, as far as it matters.
	header []byte
	err    error
}

// longestHeader is a type and a number; what simple strings and errors have behind it is only counted.
const longestHeader = 24

func guard(conn net.Conn, most int) net.Conn { return &guarded{Conn: conn, most: most} }

// Read reads what the server sends, up to the reply that is too large.
func (g *guarded) Read(into []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.Conn.Read(into)
	if g.err = g.follow(into[:n]); g.err != nil {
		_ = g.Close() // nothing that comes after it can be told apart
		return 0, g.err
	}
	return n, err
}

// SyscallConn lets the library see whether the server has closed the connection.
func (g *guarded) SyscallConn() (syscall.RawConn, error) {
	if c, ok := g.Conn.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

func (g *guarded) follow(data []byte) error {
	for len(data) > 0 {
		if g.skip > 0 {
			n := min(g.skip, len(data))
			g.skip, data = g.skip-n, data[n:]
			if g.skip == 0 {
				g.done()
			}
			continue
		}
		c := data[0]
		data = data[1:]
		if g.bytes++; g.bytes > g.most {
			return errTooLarge
		}
		switch {
		case c == '\n':
			if err := g.line(); err != nil {
				return err
			}
			g.header = g.header[:0]
		case len(g.header) < longestHeader:
			g.header = append(g.header, c)
		}
	}
	return nil
}

// line takes in the line that has just ended.
func (g *guarded) line() error {
	if len(g.header) == 0 {
		return errors.New("an empty line is no reply")
	}
	size, long := length(g.header[1:], g.most)
	switch g.header[0] {
	case '-':
		if string(g.header) == saysFull[:longestHeader] {
			return errFull
		}
		g.done()
	case '+', ':':
		g.done()
	case '$':
		if long || g.bytes+size > g.most {
			return errTooLarge
		}
		if size < 0 {
			g.done()
			return nil
		}
		g.bytes, g.skip = g.bytes+size, size+2
	case '*':
		size = max(size, 0)
		if g.elements += size; long || g.elements > g.most/bytesOfElement {
			return errTooLarge
		}
		g.left = max(g.left-1, 0) + size
		g.complete()
	default:
		return errors.New("this is no reply of the protocol that was asked for")
	}
	return nil
}

// done takes in that a value is complete.
func (g *guarded) done() {
	g.left = max(g.left-1, 0)
	g.complete()
}

// complete makes room for the next reply where this one has all its values.
func (g *guarded) complete() {
	if g.left == 0 {
		g.bytes, g.elements = 0, 0
	}
}

// length reads the number of a header; what is no number, or beyond a limit, is too long.
func length(digits []byte, most int) (n int, long bool) {
	for i, c := range digits {
		switch {
		case c == '\r' && i == len(digits)-1 && i > 0:
			return n, false
		case c == '-' && i == 0:
			return -1, false
		case c < '0' || c > '9' || n > most:
			return 0, true
		}
		n = n*10 + int(c-'0')
	}
	return 0, true
}
