// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// injector answers as the server would, for the objects of a file.
type injector struct {
	reviewer admit.Reviewer
	// namespace of objects that name none.
	namespace string
	stderr    io.Writer
}

// inject prints the objects of a file as they would be after admission. Without the server's key the preStop hook is
// missing, which a warning says.
func inject(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	var file, policyPath, agentImage, namespace string
	var namespaceLabels list
	flags := flag.NewFlagSet("inject", flag.ContinueOnError)
	flags.StringVar(&file, "f", "", "file with Pods and StatefulSets in YAML; - is standard input")
	flags.StringVar(&policyPath, "policy", "", "policy file (default: the chart's Sentinel set watches everything)")
	flags.StringVar(&agentImage, "agent-image", "redis-sentinel-webhook:"+version, "image of the agent, where the policy file names none")
	flags.StringVar(&namespace, "namespace", "default", "namespace of objects that name none")
	flags.Var(&namespaceLabels, "namespace-label", "label of the namespace, as key=value; may be repeated")
	if help, err := parse(flags, args, stderr); help || err != nil {
		return err
	}
	if file == "" {
		return usageError{errors.New("inject needs -f FILE")}
	}
	text, err := readPolicy(policyPath)
	if err != nil {
		return err
	}
	p, err := parsePolicy(text, agentImage)
	if err != nil {
		return err
	}
	labels, err := pairs(namespaceLabels)
	if err != nil {
		return err
	}
	in := injector{namespace: namespace, stderr: stderr, reviewer: admit.Reviewer{
		Policy:          func() *policy.Policy { return p },
		NamespaceLabels: func(context.Context, string) (map[string]string, error) { return labels, nil },
		Version:         version,
	}}
	if file == "-" {
		return in.stream(ctx, stdin, stdout)
	}
	opened, err := os.Open(file) //nolint:gosec // the user names the file
	if err != nil {
		return fmt.Errorf("reading objects: %w", err)
	}
	defer opened.Close()
	return in.stream(ctx, opened, stdout)
}

func pairs(written list) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range written {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--namespace-label %q is not key=value", pair)}
		}
		out[key] = value
	}
	return out, nil
}

// stream handles one YAML document after the other.
func (in injector) stream(ctx context.Context, from io.Reader, to io.Writer) error {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(from))
	for first := true; ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading objects: %w", err)
		}
		raw, err := yaml.YAMLToJSON(document)
		if err != nil {
			return fmt.Errorf("reading an object: %w", err)
		}
		if bytes.Equal(raw, []byte("null")) {
			continue
		}
		out, err := in.object(ctx, raw)
		if err != nil {
			return err
		}
		text, err := yaml.JSONToYAML(out)
		if err != nil {
			return fmt.Errorf("writing an object: %w", err)
		}
		if !first {
			text = append([]byte("---\n"), text...)
		}
		first = false
		if _, err := to.Write(text); err != nil {
			return fmt.Errorf("writing an object: %w", err)
		}
	}
}

// header is what every object begins with.
type header struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name         string `json:"name"`
		GenerateName string `json:"generateName"`
		Namespace    string `json:"namespace"`
	} `json:"metadata"`
}

func (in injector) object(ctx context.Context, raw []byte) ([]byte, error) {
	var h header
	if err := json.Unmarshal(raw, &h); err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	subject := admit.Subject{Namespace: h.Metadata.Namespace, Name: h.Metadata.Name, Raw: raw}
	if subject.Namespace == "" {
		subject.Namespace = in.namespace
	}
	if subject.Name == "" {
		subject.Name = strings.TrimSuffix(h.Metadata.GenerateName, "-")
	}
	switch h.Kind {
	case "Pod":
		result, err := in.reviewer.Pod(ctx, subject, true)
		return in.apply(h.Kind, subject, result, err)
	case "StatefulSet":
		return in.statefulSet(ctx, subject)
	}
	return raw, nil
}

// statefulSet stamps the object, and injects its template as its first pod would be.
func (in injector) statefulSet(ctx context.Context, subject admit.Subject) ([]byte, error) {
	result, err := in.reviewer.StatefulSet(ctx, subject)
	set, err := in.apply("StatefulSet", subject, result, err)
	if err != nil {
		return nil, err
	}
	pod, err := admit.PodOf(set, 0)
	if err != nil {
		return nil, err
	}
	of := admit.Subject{Namespace: subject.Namespace, Name: pod.Name, Raw: pod.Raw}
	result, err = in.reviewer.Pod(ctx, of, true)
	injected, err := in.apply("Pod", of, result, err)
	if err != nil {
		return nil, err
	}
	return admit.WithTemplateOf(set, injected)
}

// apply carries a result out. A refusal is an error.
func (in injector) apply(kind string, subject admit.Subject, result mutate.Result, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s %s/%s", kind, subject.Namespace, subject.Name)
	for _, warning := range result.Warnings {
		fmt.Fprintf(in.stderr, "warning: %s: %s\n", name, warning)
	}
	if result.Denied != "" {
		return nil, fmt.Errorf("%s would be refused (%s): %s", name, result.Reason, result.Denied)
	}
	fmt.Fprintf(in.stderr, "%s: %s\n", name, result.Reason)
	text, err := result.PatchJSON()
	if err != nil || text == nil {
		return subject.Raw, err
	}
	patch, err := jsonpatch.DecodePatch(text)
	if err != nil {
		return nil, fmt.Errorf("%s: reading the patch: %w", name, err)
	}
	out, err := patch.Apply(subject.Raw)
	if err != nil {
		return nil, fmt.Errorf("%s: applying the patch: %w", name, err)
	}
	return out, nil
}
