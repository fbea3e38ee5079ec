// SPDX-License-Identifier: Apache-2.0

package redisconf

// MonitorUser are the rules of the user as whom Sentinels log in to the Redis servers that they watch: what they send, and
// nothing else. What a Sentinel sends follows from its own version, not from that of the server, so there is one list; and each
// word of it is known to every server from Redis 6.2 and Valkey 7.2 on, because one unknown word ends a server that reads it
// from its file, and voids the whole of an ACL SETUSER. AUTH needs no rule.
var MonitorUser = []string{
	"resetkeys",
	// Channels have rules since Redis 6.2. Where Sentinels find each other and tell who is master, and no other.
	"resetchannels", "&__sentinel__:hello",
	"-@all",
	// Is it alive, and what does it say of itself.
	"+ping", "+info",
	"+publish", "+subscribe",
	"+client|setname",
	// A change of role is one transaction, and a command in it that is refused voids all of it: the rewrite of a file that Redis
	// cannot write has to be tried and to fail.
	"+multi", "+exec", "+slaveof", "+config|rewrite", "+client|kill",
	// A script that keeps the server from answering.
	"+script|kill",
	// SENTINEL FAILOVER … COORDINATED, and a FAILOVER that hangs: Valkey 9 has its master pause writes and hand over by itself.
	// The commands are those of Redis 6.2.
	"+failover", "+client|pause", "+client|unpause",
}
