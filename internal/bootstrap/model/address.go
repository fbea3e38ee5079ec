// SPDX-License-Identifier: Apache-2.0

package model

import (
	"net"
	"strconv"
)

// Address is where a Redis server announces itself. The zero value means "none".
type Address struct {
	Host string
	Port int
}

// String gives host:port, with brackets round an IPv6 host.
func (a Address) String() string {
	if a == (Address{}) {
		return "nowhere"
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// FenceAddress is the address that a fenced Redis follows: nothing listens there, and no other pod can.
var FenceAddress = Address{Host: "127.0.0.1", Port: 1}
