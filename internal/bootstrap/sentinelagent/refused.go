// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/conffile"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const (
	// refusedFor is how long nothing may listen at Sentinel's port before its file is suspected: the kubelet starts a container that
	// ended again at once, and after ten seconds.
	refusedFor = 15 * time.Second
	// mostPatience bounds the wait for another attempt, which doubles each time: what ends a Sentinel may be something else.
	mostPatience = 10 * time.Minute
	// soonOver is how long a Sentinel lives at most that refuses its file.
	soonOver = 5 * time.Second
	// refusedSuffix follows the name of the file that was put aside.
	refusedSuffix = ".refused"
	// mostAside is how much of it is kept.
	mostAside = 1 << 20
)

// rescue replaces the file that a Sentinel does not start from. Sentinel rewrites its file at every change; one that it cannot read
// keeps it from ever starting, and nobody else mends it. The new file is what a blank Sentinel of this ordinal would get, above the
// epoch that the old one had.
type rescue struct {
	file   *confFile
	client kubernetes.Interface
	own    *redis.Client
	spawn  observe.Spawn

	// since is when nothing listened first, without a break; zero while something does. Only the pulse uses it, and attempts.
	since    time.Time
	attempts int
	busy     atomic.Bool
}

// saw takes in whether my Sentinel answers. The replacement needs the API, so it runs beside the pulse.
func (r *rescue) saw(ctx context.Context, now time.Time, answers bool) {
	if answers {
		r.since, r.attempts = time.Time{}, 0
		return
	}
	if r.busy.Load() || !r.isDue(now, redisio.Refuses(ctx, r.own)) {
		return
	}
	r.busy.Store(true)
	first := r.attempts == 1
	r.spawn(func(ctx context.Context) {
		defer r.busy.Store(false)
		if err := r.replace(ctx, first); err != nil && ctx.Err() == nil {
			r.file.env.Log.Error("replacing the file that Sentinel does not start from", "error", err.Error())
		}
	})
}

// isDue reports whether the file is to be replaced now. A Sentinel that is silent hangs, or is cut off: that is not its file's fault.
func (r *rescue) isDue(now time.Time, refused bool) bool {
	switch {
	case !refused:
		r.since = time.Time{}
		return false
	case r.since.IsZero():
		r.since = now
		return false
	case now.Sub(r.since) < min(refusedFor<<min(r.attempts, 10), mostPatience):
		return false
	}
	r.since = now
	r.attempts++
	return true
}

// replace puts a new file in the place of the refused one, and keeps that beside it.
func (r *rescue) replace(ctx context.Context, first bool) error {
	env := r.file.env
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// A list, because that is what the account may do anyway, for its watches.
	pods, err := r.client.CoreV1().Pods(env.Namespace).List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", env.PodName).String()})
	if err != nil {
		return fmt.Errorf("reading Pod %s/%s: %w", env.Namespace, env.PodName, err)
	}
	if len(pods.Items) != 1 || !refusesFile(&pods.Items[0]) {
		return nil
	}
	text, err := r.file.render(ctx, currentEpoch(env))
	if err != nil {
		return err
	}
	if !redisio.Refuses(ctx, r.own) { // it came up meanwhile
		return nil
	}
	dir, name := filepath.Dir(sentinelFile(env)), filepath.Base(contract.SentinelConfFile)
	if first { // later ones are mine
		if err = putAside(dir, name); err != nil {
			return err
		}
	}
	if err = r.file.replace(text); err != nil {
		return err
	}
	r.file.report.FileRefused(filepath.Join(contract.ConfigDir, contract.SentinelConfDirectory, name+refusedSuffix))
	return nil
}

// putAside keeps a copy of a file beside it, or, where Sentinel keeps it to itself, the file.
func putAside(dir, name string) error {
	old, err := readFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrPermission) {
		if err = os.Rename(filepath.Join(dir, name), filepath.Join(dir, name+refusedSuffix)); err != nil {
			return fmt.Errorf("putting aside the file that Sentinel does not start from: %w", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	return conffile.Replace(dir, name+refusedSuffix, old, 0o644)
}

// readFile reads what is there; nothing is not an error.
func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	defer file.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(file, mostAside))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return string(text), nil
}

// refusesFile reports whether the API has seen a container of the pod give up at once, as Sentinel does with a file that it cannot
// read. One that is killed, or whose image is still pulled, has nothing against its file. A status without containers says nothing.
func refusesFile(pod *corev1.Pod) bool {
	if len(pod.Status.ContainerStatuses) == 0 {
		return true
	}
	for _, c := range pod.Status.ContainerStatuses {
		for _, end := range []*corev1.ContainerStateTerminated{c.State.Terminated, c.LastTerminationState.Terminated} {
			if end != nil && end.ExitCode == 1 && end.FinishedAt.Sub(end.StartedAt.Time) < soonOver {
				return true
			}
		}
	}
	return false
}
