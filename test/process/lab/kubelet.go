// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/conffile"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const (
	// serverUser and agentUser are those of the images.
	serverUser = 999
	agentUser  = 65532
	// startWithin bounds how long the agent may take to write the configuration.
	startWithin = 20 * time.Second
)

// run makes the pod's root, starts the agent, and the server once the agent's startup probe succeeds.
func (p *Pod) run() error {
	s := p.set.scene
	p.root = filepath.Join(s.dir, "pods", s.Namespace, p.Name+"-"+p.UID)
	err := errors.Join(p.makeRoot(), p.token(), p.secrets())
	if err != nil {
		return err
	}
	if p.port, err = s.Network.Plug(p.Address); err != nil {
		return err
	}
	s.Names.Set(p.dnsName(), p.Address)
	p.agent.start = p.starter(p.agentContainer(), contract.AgentBinary, agentUser, 0o022, "/", "agent.log")
	if err := p.agent.run(); err != nil {
		return err
	}
	p.probes = newProbes(p)
	if err := p.probes.started(startWithin); err != nil {
		return err
	}
	program := "/usr/bin/" + p.set.Server.Redis
	if p.set.Sentinel {
		program = "/usr/bin/" + p.set.Server.Sentinel
	}
	p.server.start = p.starter(p.serverContainer(), program, serverUser, 0o077, "/data", "server.log")
	if err := p.server.run(); err != nil {
		return err
	}
	go p.probes.watch()
	return nil
}

// starter starts a container of the pod as its specification says; user is that of the image.
func (p *Pod) starter(c corev1.Container, path string, user uint32, umask int, dir, log string) func() (*Process, error) {
	args := slices.Concat([]string{path}, c.Command[1:], c.Args)
	env := []string{
		"KUBERNETES_SERVICE_HOST=" + p.set.scene.Network.Gateway.String(),
		"KUBERNETES_SERVICE_PORT=6443",
	}
	for _, v := range c.Env {
		env = append(env, v.Name+"="+p.value(v))
	}
	if c.SecurityContext != nil && c.SecurityContext.RunAsUser != nil {
		user = uint32(*c.SecurityContext.RunAsUser) //nolint:gosec // written by this package
	}
	return func() (*Process, error) {
		return p.set.scene.spawner.start(program{
			port: p.port, root: p.root, dir: dir, args: args, env: env, user: user, umask: umask, log: filepath.Join(p.root, log),
		})
	}
}

// value resolves what the downward API gives.
func (p *Pod) value(v corev1.EnvVar) string {
	if v.ValueFrom == nil || v.ValueFrom.FieldRef == nil {
		return v.Value
	}
	return map[string]string{
		"metadata.namespace": p.object.Namespace, "metadata.name": p.Name, "metadata.uid": p.UID,
		"status.podIPs": p.Address.String(), "spec.nodeName": p.object.Spec.NodeName,
	}[v.ValueFrom.FieldRef.FieldPath]
}

// makeRoot makes the file system of all containers of the pod. The generated configuration is writable only for the agent
// beside Redis, and for the server too beside a Sentinel.
func (p *Pod) makeRoot() error {
	s := p.set.scene
	if err := linkTree(p.set.Server.root, p.root); err != nil {
		return err
	}
	if err := os.Link(s.agent, filepath.Join(p.root, contract.AgentBinary)); err != nil {
		return err
	}
	dirs := map[string]os.FileMode{"etc": 0o755, "tmp": 0o777, "dev": 0o755, "proc": 0o755}
	for _, c := range []corev1.Container{p.agentContainer(), p.serverContainer()} {
		for _, m := range c.VolumeMounts {
			dirs[m.MountPath] = 0o777
		}
	}
	if !p.set.Sentinel {
		dirs[contract.ConfigDir] = 0o755
	}
	if p.set.Persistent {
		delete(dirs, "/data")
		if err := os.Rename(p.set.claimDir(p.Ordinal), filepath.Join(p.root, "data")); err != nil {
			return err
		}
		dirs["/data"] = 0o777
	}
	for name, mode := range dirs {
		path := filepath.Join(p.root, name)
		if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, mode)); err != nil {
			return err
		}
	}
	random := filepath.Join(p.root, "dev/urandom")
	err := errors.Join(
		os.Chown(filepath.Join(p.root, contract.ConfigDir), agentUser, agentUser),
		unix.Mknod(random, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 9))), os.Chmod(random, 0o666))
	if p.set.Conf != "" {
		err = errors.Join(err, os.WriteFile(filepath.Join(p.root, ownConf), []byte(p.set.Conf), 0o644))
	}
	for name, text := range map[string]string{
		"etc/resolv.conf": "nameserver " + s.Network.Gateway.String() + "\noptions timeout:1 attempts:1\n",
		"etc/hosts":       "127.0.0.1 localhost\n" + p.Address.String() + " " + p.Name + "\n",
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(p.root, name), []byte(text), 0o644))
	}
	return err
}

// token is the projected volume that only the agent mounts.
func (p *Pod) token() error {
	s := p.set.scene
	hour := int64(3600)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: &hour,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: p.Name, UID: types.UID(p.UID)},
	}}
	got, err := s.Client.CoreV1().ServiceAccounts(s.Namespace).CreateToken(s.context(), p.object.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("getting a token for %s: %w", p.Name, err)
	}
	dir := filepath.Join(p.root, contract.TokenDir)
	for name, text := range map[string][]byte{"token": []byte(got.Status.Token), "ca.crt": s.API.CAData, "namespace": []byte(s.Namespace)} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	return err
}

// secrets are the volumes that hold a Secret; one that is not there leaves its volume empty.
func (p *Pod) secrets() error {
	s := p.set.scene
	var failures []error
	for _, v := range p.object.Spec.Volumes {
		if v.Secret == nil {
			continue
		}
		secret, err := s.Client.CoreV1().Secrets(s.Namespace).Get(s.context(), v.Secret.SecretName, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			failures = append(failures, fmt.Errorf("reading a Secret for %s: %w", p.Name, err))
			continue
		}
		for _, m := range p.agentContainer().VolumeMounts {
			for key, value := range secret.Data {
				if m.Name == v.Name {
					failures = append(failures, conffile.Replace(filepath.Join(p.root, m.MountPath), key, string(value), 0o644))
				}
			}
		}
	}
	return errors.Join(failures...)
}

func (p *Pod) dnsName() string {
	return fmt.Sprintf("%s.%s.%s.svc", p.Name, p.object.Spec.Subdomain, p.object.Namespace)
}

// Delete does what `kubectl delete pod` sets off: the hook, then SIGTERM, then the end of the agent and of the object.
func (p *Pod) Delete() {
	s := p.set.scene
	s.T.Helper()
	pods := s.Client.CoreV1().Pods(s.Namespace)
	if err := pods.Delete(s.context(), p.Name, metav1.DeleteOptions{}); err != nil {
		s.T.Errorf("deleting %s: %v", p.Name, err)
	}
	grace := time.Duration(*p.object.Spec.TerminationGracePeriodSeconds) * time.Second
	ended := time.Now().Add(grace)
	p.Hook(grace)
	p.stop(max(time.Until(ended), time.Second))
	p.Forget()
}

// Hook calls the server container's preStop hook as the kubelet does, if it has one.
func (p *Pod) Hook(within time.Duration) {
	c := p.serverContainer()
	if c.Lifecycle == nil || c.Lifecycle.PreStop == nil || c.Lifecycle.PreStop.HTTPGet == nil {
		return
	}
	get := c.Lifecycle.PreStop.HTTPGet
	ctx, cancel := context.WithTimeout(p.set.scene.context(), within)
	defer cancel()
	url := "http://" + netip.AddrPortFrom(p.Address, uint16(get.Port.IntValue())).String() + get.Path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return
	}
	for _, h := range get.HTTPHeaders {
		request.Header.Set(h.Name, h.Value)
	}
	began := time.Now()
	response, err := probing.Do(request)
	if err != nil {
		p.set.scene.Logf("hook of %s: %v", p.Name, err) // the kubelet goes on too
		return
	}
	_ = response.Body.Close()
	p.set.scene.Logf("hook of %s: %s after %.2f s", p.Name, response.Status, time.Since(began).Seconds())
}

// Lose ends the pod as the loss of its node does: without notice, and the object stays until Forget.
func (p *Pod) Lose() { p.stop(0) }

// Forget removes the object.
func (p *Pod) Forget() {
	s := p.set.scene
	zero := int64(0)
	err := s.Client.CoreV1().Pods(s.Namespace).Delete(s.context(), p.Name, metav1.DeleteOptions{GracePeriodSeconds: &zero, Preconditions: metav1.NewUIDPreconditions(p.UID)})
	if err != nil {
		s.T.Errorf("deleting %s: %v", p.Name, err)
	}
	if p.set.pod(p.Ordinal) == p {
		p.set.put(p.Ordinal, nil)
	}
}

// stop ends the processes, server first, and releases the claim. Without a grace period they are killed.
func (p *Pod) stop(grace time.Duration) {
	if p.probes != nil {
		p.probes.end()
	}
	s := p.set.scene
	p.server.end(grace)
	p.agent.end(min(grace, 2*time.Second))
	if p.port == nil {
		return
	}
	s.Names.Set(p.dnsName(), netip.Addr{})
	_ = p.port.Unplug()
	p.port = nil
	if p.set.Persistent {
		if err := os.Rename(filepath.Join(p.root, "data"), p.set.claimDir(p.Ordinal)); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.T.Errorf("detaching the data of %s: %v", p.Name, err)
		}
	}
	p.set.keepLog(p)
}

// keepLog remembers where the logs of a pod that has ended are.
func (set *Set) keepLog(p *Pod) {
	set.mu.Lock()
	defer set.mu.Unlock()
	set.past = append(set.past, p)
}
