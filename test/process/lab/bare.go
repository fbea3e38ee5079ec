// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sys/unix"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Bare is a server that has an address and no agent: what a Sentinel sends, and to what end, is seen there without anybody else
// who mends it.
type Bare struct {
	Name    string
	Address netip.Addr

	scene    *Scene
	sentinel bool
	port     *Port
	root     string
	server   container
}

// bareDir has the configuration file. A Sentinel may write it; a Redis may not, as beside an agent.
const bareDir = "/conf"

// StartBare starts a server without an agent, from the configuration that belongs to its address.
func (s *Scene) StartBare(name string, sentinel bool, conf func(netip.Addr) string) *Bare {
	s.T.Helper()
	b := &Bare{Name: name, Address: s.Network.Address(), scene: s, sentinel: sentinel, root: filepath.Join(s.dir, "bare", s.Namespace, name)}
	s.bare = append(s.bare, b)
	if err := b.start(conf(b.Address)); err != nil {
		s.T.Fatalf("starting %s: %v", name, err)
	}
	return b
}

func (b *Bare) start(conf string) error {
	s := b.scene
	err := linkTree(s.Server.root, b.root)
	for _, dir := range []string{bareDir, "/data", "/dev"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(b.root, dir), 0o755))
	}
	path := filepath.Join(bareDir, "server.conf")
	random := filepath.Join(b.root, "dev/urandom")
	err = errors.Join(err,
		os.WriteFile(filepath.Join(b.root, path), []byte(conf), 0o644),
		os.Chown(filepath.Join(b.root, "data"), serverUser, serverUser),
		unix.Mknod(random, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 9))), os.Chmod(random, 0o666))
	name := s.Server.Redis
	if b.sentinel {
		name = s.Server.Sentinel
		for _, owned := range []string{bareDir, path} {
			err = errors.Join(err, os.Chown(filepath.Join(b.root, owned), serverUser, serverUser))
		}
	}
	if err != nil {
		return err
	}
	if b.port, err = s.Network.Plug(b.Address); err != nil {
		return err
	}
	b.server.start = func() (*Process, error) {
		return s.spawner.start(program{
			port: b.port, root: b.root, dir: "/data", args: []string{"/usr/bin/" + name, path}, user: serverUser, umask: 0o077, log: b.log(),
			env: []string{}, // nil would be the test's own, with a locale that is not there
		})
	}
	return b.server.run()
}

func (b *Bare) log() string { return filepath.Join(b.root, "server.log") }

// Redis is a client of the server; the caller closes it.
func (b *Bare) Redis() *redis.Client { return server(b.Address, b.Port(), "") }

// Port is where it listens.
func (b *Bare) Port() int {
	if b.sentinel {
		return contract.SentinelPort
	}
	return contract.RedisPort
}

// Crash kills the server until Release.
func (b *Bare) Crash() { b.server.crash(true) }

// Release lets it start again.
func (b *Bare) Release() { b.server.release() }

// stop ends it for good.
func (b *Bare) stop() {
	b.server.end(0)
	if b.port != nil {
		_ = b.port.Unplug()
	}
}
