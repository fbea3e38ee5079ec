// SPDX-License-Identifier: Apache-2.0

package world

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// KubectlError is what kubectl said when it failed.
type KubectlError struct {
	Arguments []string
	Output    string
	Err       error
}

func (e *KubectlError) Error() string {
	return fmt.Sprintf("kubectl %s: %v: %s", strings.Join(e.Arguments, " "), e.Err, strings.TrimSpace(e.Output))
}

func (e *KubectlError) Unwrap() error { return e.Err }

// Kubectl runs kubectl against this cluster, with the text (if any) as its standard input, and returns its standard
// output. When it fails, the error is a *KubectlError with what it said.
func (w *World) Kubectl(ctx context.Context, stdin string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, w.kubectl, arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+w.kubeconfig)
	command.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return stdout.String(), &KubectlError{Arguments: arguments, Output: stderr.String() + stdout.String(), Err: err}
	}
	return stdout.String(), nil
}

// Apply applies a file, a folder or a kustomization to the namespace; an empty one is for files that name theirs.
func (w *World) Apply(ctx context.Context, namespace, path string) error {
	arguments := append([]string{"apply", "--server-side"}, fileArguments(path)...)
	if namespace != "" {
		arguments = append(arguments, "-n", namespace)
	}
	_, err := w.Kubectl(ctx, "", arguments...)
	return err
}

// ApplyText applies the manifests in the text as a user's `kubectl apply -f -` does, and returns what kubectl printed,
// warnings of the API server included.
func (w *World) ApplyText(ctx context.Context, namespace, manifests string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, w.kubectl, append([]string{"apply", "-n", namespace, "-f", "-"}, arguments...)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+w.kubeconfig)
	command.Stdin = strings.NewReader(manifests)
	output, err := command.CombinedOutput()
	if err != nil {
		return string(output), &KubectlError{Arguments: command.Args[1:], Output: string(output), Err: err}
	}
	return string(output), nil
}

// fileArguments tells kubectl to read the path, as a kustomization where it is one.
func fileArguments(path string) []string {
	if _, err := os.Stat(filepath.Join(path, "kustomization.yaml")); err == nil {
		return []string{"-k", path}
	}
	return []string{"-f", path}
}

// Exec runs a command in a container and returns its output; a command that fails is a *KubectlError.
func (w *World) Exec(ctx context.Context, namespace, pod, container string, command ...string) (string, error) {
	return w.Kubectl(ctx, "", append([]string{"exec", "-n", namespace, pod, "-c", container, "--"}, command...)...)
}
