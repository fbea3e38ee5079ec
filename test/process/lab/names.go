// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// Names is the DNS of a lab: the names that headless Services give to pods.
type Names struct {
	conn *net.UDPConn
	mu   sync.Mutex
	byID map[string]netip.Addr
}

// NewNames answers on port 53 of the address.
func NewNames(address netip.Addr) (*Names, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 53)))
	if err != nil {
		return nil, fmt.Errorf("listening for names: %w", err)
	}
	n := &Names{conn: conn, byID: map[string]netip.Addr{}}
	go n.serve()
	return n, nil
}

// Close ends the service.
func (n *Names) Close() { _ = n.conn.Close() }

// Set gives a name an address; the zero address removes the name.
func (n *Names) Set(name string, address netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !address.IsValid() {
		delete(n.byID, name)
		return
	}
	n.byID[name] = address
}

func (n *Names) serve() {
	buffer := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return // closed
		}
		if reply, err := n.reply(buffer[:size]); err == nil {
			_, _ = n.conn.WriteToUDPAddrPort(reply, from) // the asker asks again
		}
	}
}

func (n *Names) reply(request []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(request)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	address, known := n.byID[strings.TrimSuffix(question.Name.String(), ".")]
	n.mu.Unlock()
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired},
		Questions: []dnsmessage.Question{question},
	}
	switch {
	case !known:
		reply.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: address.As4()},
		}}
	}
	return reply.Pack()
}
