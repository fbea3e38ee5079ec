// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// peerSecret is what the Sentinels of a set share: the password by which they vote, and the set's identity. The Secret is
// mounted, and filled where the webhook made it. A chart makes it empty; then the first agent that comes fills it in, which
// only that chart gives it a right to, and the others find it filled.
type peerSecret struct {
	env    environment.Environment
	client kubernetes.Interface
	mu     sync.Mutex
	data   map[string][]byte
	// asked is when it was last read for a key that was not there.
	asked time.Time
}

func (p *peerSecret) password() string { return p.value(contract.PeerSecretPassword) }

// identityOf is the run id of the Sentinel of an ordinal; empty while the set's identity is not known, so that none is taken
// for a ghost.
func (p *peerSecret) identityOf(ordinal int) string {
	identity := p.value(contract.PeerSecretIdentity)
	if identity == "" {
		return ""
	}
	return identityOf(identity, ordinal)
}

func (p *peerSecret) value(key string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.data[key])
}

// load tries until the Secret exists and is filled, or the context ends.
func (p *peerSecret) load(ctx context.Context) error {
	return wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		err := p.try(ctx)
		if err != nil {
			p.env.Log.Info("waiting for the Secret that the Sentinels share", "error", err.Error())
		}
		return err == nil, nil
	})
}

// loadAgain reads the Secret beside the turns, for a key that the webhook may have written since, and calls found when it is there.
func (p *peerSecret) loadAgain(crew *loop.Crew, key string, found func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.asked) < loadAgainAfter {
		return
	}
	p.asked = time.Now()
	crew.Spawn(func(ctx context.Context) {
		if p.refresh(ctx, key) {
			found()
		}
	})
}

// refresh looks for a key in the volume, which the kubelet brings up to date within minutes, and then in the Secret itself, which a
// chart's set may read. Where neither has it, it is asked for again.
func (p *peerSecret) refresh(ctx context.Context, key string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	data := p.mounted()
	if len(data[key]) == 0 {
		secret, err := p.client.CoreV1().Secrets(p.env.Namespace).Get(ctx, contract.PeerSecretName(p.env.Settings.StatefulSet), metav1.GetOptions{})
		if err != nil {
			return false
		}
		data = secret.Data
	}
	if !filled(data) || len(data[key]) == 0 {
		return false
	}
	p.keep(data)
	return true
}

func (p *peerSecret) try(ctx context.Context) error {
	if mounted := p.mounted(); filled(mounted) {
		p.keep(mounted)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	name := contract.PeerSecretName(p.env.Settings.StatefulSet)
	secrets := p.client.CoreV1().Secrets(p.env.Namespace)
	secret, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading Secret %s/%s: %w", p.env.Namespace, name, err)
	}
	if !filled(secret.Data) {
		secret = secret.DeepCopy()
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		for _, key := range []string{contract.PeerSecretPassword, contract.PeerSecretIdentity} {
			if len(secret.Data[key]) == 0 {
				secret.Data[key] = []byte(rand.Text())
			}
		}
		// Guarded by the version that was read: another agent may have filled it meanwhile, and one answer must stand.
		if secret, err = secrets.Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
			if apierrors.IsConflict(err) {
				return fmt.Errorf("another agent is filling Secret %s/%s", p.env.Namespace, name)
			}
			return fmt.Errorf("filling Secret %s/%s: %w", p.env.Namespace, name, err)
		}
	}
	p.keep(secret.Data)
	return nil
}

// mounted is what the volume holds of the Secret: nothing where it does not exist, or was empty when the pod started.
func (p *peerSecret) mounted() map[string][]byte {
	data := map[string][]byte{}
	names, err := os.ReadDir(p.env.PeerDir)
	if err != nil {
		return data
	}
	for _, entry := range names {
		if value, err := os.ReadFile(filepath.Join(p.env.PeerDir, entry.Name())); err == nil && !strings.HasPrefix(entry.Name(), ".") {
			data[entry.Name()] = value
		}
	}
	return data
}

func (p *peerSecret) keep(data map[string][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data = data
}

func filled(data map[string][]byte) bool {
	return len(data[contract.PeerSecretPassword]) > 0 && len(data[contract.PeerSecretIdentity]) > 0
}
