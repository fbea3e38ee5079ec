// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	for name, test := range map[string]struct {
		args  string
		names int
		want  target
		bad   bool
	}{
		"names only":                       {"redis-0 redis", 2, target{"default", nil, []string{"redis-0", "redis"}}, false},
		"the namespace before":             {"-n a redis-0", 1, target{"a", nil, []string{"redis-0"}}, false},
		"the namespace behind":             {"redis-0 --namespace=a", 1, target{"a", nil, []string{"redis-0"}}, false},
		"the namespace between":            {"redis-0 -n a redis", 2, target{"a", nil, []string{"redis-0", "redis"}}, false},
		"from several, in both ways":       {"redis-0 --from api,dns --from redis-1", 1, target{"default", []string{"api", "dns", "redis-1"}, []string{"redis-0"}}, false},
		"a name is missing":                {"redis-0", 2, target{}, true},
		"a name too many":                  {"redis-0 redis more", 2, target{}, true},
		"a flag that no command has":       {"--force redis-0", 1, target{}, true},
		"a namespace flag without a value": {"redis-0 -n", 1, target{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseTarget("cut", strings.Fields(test.args), test.names, true)
			if test.bad {
				if !errors.Is(err, errUsage) {
					t.Fatalf("got %+v and error %v, want a usage error", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.namespace != test.want.namespace || !slices.Equal(got.from, test.want.from) || !slices.Equal(got.names, test.want.names) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestFromIsForCutsOnly(t *testing.T) {
	if _, err := parseTarget("freeze", []string{"redis-0", "--from", "api"}, 1, false); !errors.Is(err, errUsage) {
		t.Errorf("error %v, want a usage error", err)
	}
}

func TestImagesFlags(t *testing.T) {
	args := []string{"-out", "a", "-bin", "b", "-valkey", "c", "-legacy", "d", "-shapes", "stack,bitnami"}
	want := imagesAsked{"a", "b", "c", "d", []string{"stack", "bitnami"}}
	got, err := imagesFlags(args)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if packages := got.packages(); !slices.Contains(packages, "gcc") {
		t.Errorf("the module of stack needs a compiler, and these are installed for it: %q", packages)
	}
	if got, err = imagesFlags([]string{"-out", "a"}); err != nil || len(got.shapes)+len(got.packages()) > 0 {
		t.Errorf("nobody asked for a shape: got %+v, %v", got, err)
	}
	for _, args := range [][]string{nil, {"-out", "a", "more"}, {"-unknown"}, {"-out", "a", "-shapes", "stack,round"}, {"-out", "a", "-shapes", ","}} {
		if _, err := imagesFlags(args); !errors.Is(err, errUsage) {
			t.Errorf("%q: error %v, want a usage error", args, err)
		}
	}
}

func TestRunRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{nil, {"sideways"}, {"kubeconfig", "more"}} {
		err := run(t.Context(), args, func(string) string { return "" }, io.Discard, io.Discard)
		if !errors.Is(err, errUsage) {
			t.Errorf("%q: error %v, want a usage error", args, err)
		}
	}
}

func TestUsageShowsCommandsForPeopleOnly(t *testing.T) {
	text := usage()
	for _, c := range commands {
		if shown := strings.Contains(text, "  "+c.name+" "); shown != (c.about != "") {
			t.Errorf("command %s: in the usage: %v", c.name, shown)
		}
	}
}
