// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PutSecret makes a Secret, or changes it.
func (s *Scene) PutSecret(name string, files map[string]string) {
	s.T.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: files}
	secrets := s.Client.CoreV1().Secrets(s.Namespace)
	_, err := secrets.Create(s.context(), secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = secrets.Update(s.context(), secret, metav1.UpdateOptions{})
	}
	if err != nil {
		s.T.Fatal(err)
	}
}

// Refresh brings the volumes that hold a Secret to what it holds now, as the kubelet does within a minute or so.
func (p *Pod) Refresh() {
	p.set.scene.T.Helper()
	if err := p.secrets(); err != nil {
		p.set.scene.T.Fatal(err)
	}
}

// Holds lists the files of the pod that contain a text, other than those for which it is the place: what only the agent mounts.
func (p *Pod) Holds(text string, but ...string) []string {
	var found []string
	_ = filepath.WalkDir(p.root, func(path string, entry os.DirEntry, err error) error { // a file that goes away holds nothing
		if err != nil || !entry.Type().IsRegular() {
			return nil //nolint:nilerr // a file that went away holds nothing
		}
		name := strings.TrimPrefix(path, p.root)
		for _, dir := range but {
			if strings.HasPrefix(name, dir+"/") || name == dir {
				return nil
			}
		}
		if raw, err := os.ReadFile(path); err == nil && strings.Contains(string(raw), text) {
			found = append(found, name)
		}
		return nil
	})
	return found
}

// Arguments are the command lines of the pod's processes.
func (p *Pod) Arguments() string {
	var all strings.Builder
	for _, c := range []*container{&p.agent, &p.server} {
		if process := c.current(); process != nil {
			pid := strconv.Itoa(process.cmd.Process.Pid)
			text, _ := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
			environment, _ := os.ReadFile(filepath.Join("/proc", pid, "environ"))
			all.Write(text)
			all.Write(environment)
		}
	}
	return all.String()
}
