// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // Sentinel wants 40 characters; nothing is protected by them
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/conffile"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/access"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/report"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// maxClients leaves room for the links to many groups: outgoing links count too, and past the limit a Sentinel hears nothing.
const maxClients = 10000

// identityOf is a Sentinel's run id: stable for set and ordinal, so that a new pod takes the place of the old one and no
// ghost is counted in a majority.
func identityOf(setIdentity string, ordinal int) string {
	sum := sha1.Sum([]byte(setIdentity + "/" + strconv.Itoa(ordinal))) //nolint:gosec // an identity, not a secret
	return hex.EncodeToString(sum[:])
}

// confFile is sentinel.conf, and what it is written from.
type confFile struct {
	env      environment.Environment
	secret   *peerSecret
	set      *observe.SentinelSet
	report   *report.Sentinel
	password string
}

// prepare writes sentinel.conf where there is none. An existing one is used as it is, without the API; only the agent's password is
// updated, because a reboot of the node takes the tmpfs and leaves the file. One that Sentinel keeps to itself, as the official image
// makes it do, was written by an agent of this very pod, whose password is still where this one has it from.
func (f *confFile) prepare(ctx context.Context, spawn observe.Spawn) error {
	if _, err := sentinelDirectory(f.env); err != nil {
		return err
	}
	text, err := os.ReadFile(sentinelFile(f.env))
	switch {
	case err == nil:
		spawn(func(ctx context.Context) { _ = f.secret.load(ctx) }) // it is tried until it is there or the agent ends
		return rewriteAgentUser(f.env, string(text), f.password)
	case errors.Is(err, fs.ErrPermission):
		spawn(func(ctx context.Context) { _ = f.secret.load(ctx) })
		f.env.Log.Error("cannot read the file that Sentinel keeps, so that an epoch beyond belief would not be seen: give both containers of the pod one runAsUser", "error", err.Error())
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("reading %s: %w", sentinelFile(f.env), err)
	}
	conf, err := f.render(ctx)
	if err != nil {
		return err
	}
	return f.replace(conf)
}

// render makes the file from the records, once the API answers. Its current-epoch is above all that are given and believable.
func (f *confFile) render(ctx context.Context, above ...uint64) (string, error) {
	if err := f.secret.load(ctx); err != nil {
		return "", err
	}
	seed, err := f.seed(ctx)
	if err != nil {
		return "", err
	}
	ordinal, _ := observe.Ordinal(f.env.Settings.StatefulSet, f.env.PodName)
	conf, unfit := redisconf.Sentinel{
		Port: f.env.Settings.Port, Dir: filepath.Dir(sentinelFile(f.env)), MyID: f.secret.identityOf(ordinal), AnnounceIP: f.env.PodIP.String(),
		Epoch: model.NextEpoch(time.Now(), greatestEpoch(seed.Groups), above...), AgentHash: hash(f.password), PeerHash: hash(f.secret.password()),
		PeerPassword: f.secret.password(), MaxClients: maxClients, Groups: seed.Groups,
	}.Fit()
	for _, u := range unfit {
		seed.LeftOut = append(seed.LeftOut, model.LeftOut{Lease: "of " + u.Name, Why: u.Why})
	}
	f.report.LeftOut(seed.LeftOut)
	return conf.String(), nil
}

func (f *confFile) replace(text string) error {
	return conffile.Replace(filepath.Dir(sentinelFile(f.env)), filepath.Base(contract.SentinelConfFile), text, 0o666)
}

// sentinelFile is the path of sentinel.conf.
func sentinelFile(env environment.Environment) string {
	return filepath.Join(env.ConfigDir, contract.SentinelConfDirectory, filepath.Base(contract.SentinelConfFile))
}

// sentinelDirectory makes the directory of sentinel.conf. The user that Sentinel runs as must be able to replace the file in
// it, and so must the agent: all users may write, and no sticky bit keeps one from renaming over the other's file.
func sentinelDirectory(env environment.Environment) (string, error) {
	dir := filepath.Dir(sentinelFile(env))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("creating the directory of sentinel.conf: %w", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // a directory of this pod alone, for two users
		return "", fmt.Errorf("making the directory of sentinel.conf writable for Sentinel's user: %w", err)
	}
	return dir, nil
}

func greatestEpoch(groups []redisconf.Watched) uint64 {
	var greatest uint64
	for _, g := range groups {
		greatest = max(greatest, g.Epoch)
	}
	return greatest
}

func hash(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// rewriteAgentUser puts the hash of the current password into a file that an earlier start of this pod has left.
func rewriteAgentUser(env environment.Environment, text, password string) error {
	if strings.Contains(text, "#"+hash(password)) {
		return nil
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "user "+agentUser+" ") {
			lines[i] = "user " + agentUser + " on #" + hash(password) + " ~* &* +@all"
		}
	}
	return conffile.Replace(filepath.Dir(sentinelFile(env)), filepath.Base(contract.SentinelConfFile), strings.Join(lines, "\n"), 0o666)
}

// seed reads the records that the set serves, so that a blank Sentinel starts with the right masters, epochs and voters. It waits for
// the API: a Sentinel that starts without it knows no group.
func (f *confFile) seed(ctx context.Context) (observe.Seed, error) {
	var seed observe.Seed
	stopped := wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		var err error
		seed, err = f.set.Seed(ctx, func(key observe.GroupKey, s contract.GroupSettings, r model.Record) (model.Watching, bool) {
			want := staggered(f.env, s)
			want.As = f.secret.credential(key, access.MonitorsAtFirst(s.Key, r.Uses))
			return want, serves(f.env, key.Namespace, s)
		})
		if err != nil {
			f.env.Log.Info("waiting for the API server before the first start", "error", err.Error())
		}
		return err == nil, nil
	})
	return seed, stopped
}

// currentEpoch reads the one epoch that no reply of a Sentinel contains from the file that Sentinel keeps; 0 if it cannot.
func currentEpoch(env environment.Environment) uint64 {
	file, err := os.Open(sentinelFile(env))
	if err != nil {
		return 0
	}
	defer file.Close() //nolint:errcheck // read only
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "sentinel current-epoch "); ok {
			epoch, _ := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
			return epoch
		}
	}
	return 0
}
