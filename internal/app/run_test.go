// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// process has no environment, reads nothing and prints nowhere.
func process(args ...string) Process {
	return Process{
		Args: args, Getenv: func(string) string { return "" }, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard,
		Now: time.Now, Version: "test",
	}
}

func TestArgumentsDecideTheExitCode(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want int
	}{
		"no command":                   {nil, exitUsage},
		"unknown command":              {[]string{"dance"}, exitUsage},
		"unknown flag":                 {[]string{"serve", "--dance"}, exitUsage},
		"argument that is not a flag":  {[]string{"serve", "--policy=x", "dance"}, exitUsage},
		"serve without a policy":       {[]string{"serve", "--namespace=x"}, exitUsage},
		"serve without a namespace":    {[]string{"serve", "--policy=x"}, exitUsage},
		"serve on a bad port":          {[]string{"serve", "--namespace=x", "--policy=x", "--port=70000"}, exitUsage},
		"serve for a name of nobody":   {[]string{"serve", "--namespace=x", "--policy=x", "--client-name=x"}, exitUsage},
		"inject without a file":        {[]string{"inject"}, exitUsage},
		"inject of a missing file":     {[]string{"inject", "-f", "/no/such/file"}, exitFailure},
		"inject with half a label":     {[]string{"inject", "-f", "-", "--namespace-label", "x"}, exitUsage},
		"inject with a missing policy": {[]string{"inject", "-f", "-", "--policy", "/no/such/file"}, exitFailure},
		"check without a namespace":    {[]string{"check"}, exitUsage},
		"version":                      {[]string{"version"}, 0},
		"help":                         {[]string{"help"}, 0},
		"help of a command":            {[]string{"serve", "-h"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := Run(t.Context(), process(tc.args...))
			if got := ExitCode(err, io.Discard); got != tc.want {
				t.Errorf("exit code %d (%v), want %d", got, err, tc.want)
			}
		})
	}
}

func TestFlagsOfServeFollowTheName(t *testing.T) {
	p := process("--name=edge", "--policy=p", "--dns-name=extra")
	p.Getenv = func(key string) string { return map[string]string{"POD_NAMESPACE": "system"}[key] }
	o, err := parseServe(p)
	if err != nil {
		t.Fatal(err)
	}
	want := list{"edge-pods", "edge-namespace-pods", "edge-statefulsets", "edge-namespace-statefulsets", "edge-scale"}
	if o.namespace != "system" || o.authoritySecret() != "edge-ca" || o.hookSecret() != "edge-hook" || !slices.Equal(o.configurations, want) {
		t.Errorf("options %+v", o)
	}
	if names := o.dnsNames(); names[0] != "edge.system.svc" || !slices.Contains(names, "extra") {
		t.Errorf("names %v", names)
	}
	p.Args = []string{"--name=edge", "--policy=p", "--configuration=one", "--configuration=two", "--service=other"}
	o, err = parseServe(p)
	if err != nil || !slices.Equal(o.configurations, list{"one", "two"}) || o.dnsNames()[0] != "other.system.svc" {
		t.Errorf("options %+v, error %v", o, err)
	}
}

func TestUsageErrorIsFoundInsideOthers(t *testing.T) {
	if got := ExitCode(errors.Join(errors.New("x"), usageError{errors.New("y")}), io.Discard); got != exitUsage {
		t.Errorf("exit code %d, want %d", got, exitUsage)
	}
}
