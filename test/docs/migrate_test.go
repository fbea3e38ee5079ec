// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// The pages of docs/migrate have manifests, and what `webhook inject` says of them. The info string of a fenced block says what it is:
//
//	```yaml before       as people have it, without the label; the test labels the namespace
//	```yaml after        as it is to be, with the label
//	```yaml after anew   the same, where the StatefulSet is deleted before, because a field of it cannot be changed
//	```text              behind one of these: all that is said of it, with lines broken anywhere
//	```yaml written      behind an after: a part of the pod's specification, as the webhook writes it
//
// All other blocks are for people alone. `go test ./test/docs -run Migrat -quote` writes the texts anew.
var quote = flag.Bool("quote", false, "write into docs/migrate what the webhook says now")

// widest is how long a line of a quotation gets.
const widest = 136

// fence is a fenced block of a page.
type fence struct {
	info, text string
	// from and to are where the text stands in the page.
	from, to int
}

// sample is a manifest of a page with what belongs to it.
type sample struct {
	page, manifest string
	before, anew   bool
	quoted         fence
	written        []string
	set            *appsv1.StatefulSet
	declared       map[string]bool // claims that the manifest makes from a volume that is there
}

func (s *sample) String() string { return s.page + ", " + s.set.Name }

// TestMigrationsSayWhatTheWebhookSays runs every manifest of the pages through the program, and compares what it says.
func TestMigrationsSayWhatTheWebhookSays(t *testing.T) {
	program := buildWebhook(t)
	for _, page := range migrationPages(t) {
		t.Run(page, func(t *testing.T) {
			text := read(t, "docs", "migrate", page)
			all := samplesOf(t, page, text)
			for _, s := range slices.Backward(all) { // so that what comes before stays where it is
				said, injected, admitted := inject(t, program, s)
				if *quote {
					text = text[:s.quoted.from] + wrapped(said) + text[s.quoted.to:]
				} else if words(said) != words(s.quoted.text) {
					t.Errorf("%s: the page does not say what the webhook says, which is\n%s", s, wrapped(said))
				}
				if s.before {
					continue
				}
				if !admitted || !strings.Contains(said, "Injected") {
					t.Errorf("%s: what comes after is not taken in:\n%s", s, said)
					continue
				}
				for _, part := range s.written {
					for _, fault := range within("", decoded(t, part), podSpecOf(t, injected)) {
						t.Errorf("%s: %s", s, fault)
					}
				}
			}
			if *quote {
				if err := os.WriteFile(filepath.Join(root, "docs", "migrate", page), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestMigrationsKeepTheData: what comes after can replace what was before, and pod 0 has the volume with the data, where it was mounted.
func TestMigrationsKeepTheData(t *testing.T) {
	for _, page := range migrationPages(t) {
		compared := 0
		var before []*sample
		for _, s := range samplesOf(t, page, read(t, "docs", "migrate", page)) {
			if s.before {
				before = append(before, s)
				continue
			}
			for _, b := range before {
				if b.set.Name == s.set.Name {
					compared++
					keeps(t, b, s)
				}
			}
		}
		if compared == 0 && page != indexPage {
			t.Errorf("%s: nothing that comes after is called like something before", page)
		}
	}
}

// keeps holds what has to stay the same.
func keeps(t *testing.T, before, after *sample) {
	t.Helper()
	b, a := before.set.Spec, after.set.Spec
	if b.ServiceName != a.ServiceName || !reflect.DeepEqual(b.Selector, a.Selector) {
		t.Errorf("%s: serviceName or selector differ: pods lose their names, or their StatefulSet", after)
	}
	if !after.anew && (b.PodManagementPolicy != a.PodManagementPolicy || !reflect.DeepEqual(b.VolumeClaimTemplates, a.VolumeClaimTemplates)) {
		t.Errorf("%s: a field that cannot be changed differs: podManagementPolicy or volumeClaimTemplates", after)
	}
	had, has := claimsOf(before.set), claimsOf(after.set)
	if len(had) == 0 || len(has) == 0 {
		t.Errorf("%s: no claim: before %v, after %v", after, had, has)
	}
	if !maps.Equal(had, has) && (!slices.Equal(slices.Sorted(maps.Keys(after.declared)), slices.Sorted(maps.Keys(has))) || !slices.Equal(slices.Sorted(maps.Values(had)), slices.Sorted(maps.Values(has)))) {
		t.Errorf("%s: pod 0 had the claims %v, and gets %v, with the claims %v of volumes that are there", after, had, has, after.declared)
	}
}

// claimsOf are the claims that pod 0's Redis mounts, and where.
func claimsOf(set *appsv1.StatefulSet) map[string]string {
	of := map[string]string{}
	for _, v := range set.Spec.Template.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			of[v.Name] = v.PersistentVolumeClaim.ClaimName
		}
	}
	for _, c := range set.Spec.VolumeClaimTemplates {
		of[c.Name] = c.Name + "-" + set.Name + "-0"
	}
	mounted := map[string]string{}
	for _, c := range set.Spec.Template.Spec.Containers {
		for _, m := range c.VolumeMounts {
			if claim := of[m.Name]; claim != "" && c.Name == contract.RedisContainer {
				mounted[claim] = filepath.Clean(m.MountPath)
			}
		}
	}
	return mounted
}

// TestMigrationsAreInTheIndex: the index links every page, every page has both sides, and links lead somewhere.
func TestMigrationsAreInTheIndex(t *testing.T) {
	index := read(t, "docs", "migrate", indexPage)
	for _, page := range migrationPages(t) {
		text := read(t, "docs", "migrate", page)
		for _, match := range regexp.MustCompile(`\]\(([^)#:]+)(?:#([^):]+))?\)`).FindAllStringSubmatch(text, -1) {
			if there := read(t, "docs", "migrate", match[1]); match[2] != "" && !hasHeading(there, match[2]) {
				t.Errorf("%s: %s has no heading %s", page, match[1], match[2])
			}
		}
		if page == indexPage {
			continue
		}
		if !strings.Contains(index, "]("+page+")") {
			t.Errorf("the index does not link %s", page)
		}
		before := 0
		all := samplesOf(t, page, text)
		for _, s := range all {
			if s.before {
				before++
			}
		}
		if before == 0 || before == len(all) {
			t.Errorf("%s has %d manifests, %d of them from before", page, len(all), before)
		}
	}
}

// hasHeading reports whether a page has a heading that a link names.
func hasHeading(text, anchor string) bool {
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		if strings.ReplaceAll(strings.ToLower(strings.Trim(match[1], "`")), " ", "-") == anchor {
			return true
		}
	}
	return false
}

const indexPage = "README.md"

func migrationPages(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "migrate", "*.md"))
	if err != nil || len(files) < 2 {
		t.Fatalf("docs/migrate has the pages %v, %v", files, err)
	}
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	return files
}

// samplesOf are the manifests of a page that are to be tried.
func samplesOf(t *testing.T, page, text string) []*sample {
	t.Helper()
	var all []*sample
	fences := fencesOf(text)
	for i, f := range fences {
		kind, ok := strings.CutPrefix(f.info, "yaml ")
		switch {
		case ok && (kind == "before" || kind == "after" || kind == "after anew"):
			s := &sample{page: page, manifest: f.text, before: kind == "before", anew: kind == "after anew", declared: map[string]bool{}}
			s.readSet(t)
			if i+1 == len(fences) || fences[i+1].info != "text" {
				t.Fatalf("%s: what is said of it does not follow it", s)
			}
			s.quoted = fences[i+1]
			all = append(all, s)
		case ok && kind == "written" && len(all) > 0 && !all[len(all)-1].before:
			all[len(all)-1].written = append(all[len(all)-1].written, f.text)
		case ok:
			t.Errorf("%s: a block of yaml is %q, and may be before, after, after anew, or written behind an after", page, kind)
		}
	}
	return all
}

// readSet finds the one StatefulSet of a sample.
func (s *sample) readSet(t *testing.T) {
	t.Helper()
	for document := range strings.SplitSeq(s.manifest, "\n---\n") {
		var set appsv1.StatefulSet
		if err := yaml.UnmarshalStrict([]byte(document), &set); err == nil && set.Kind == "StatefulSet" {
			if s.set != nil {
				t.Fatalf("%s: two StatefulSets in one block", s)
			}
			s.set = &set
		}
		var claim corev1.PersistentVolumeClaim
		if err := yaml.UnmarshalStrict([]byte(document), &claim); err == nil && claim.Kind == "PersistentVolumeClaim" && claim.Spec.VolumeName != "" {
			s.declared[claim.Name] = true
		}
	}
	if s.set == nil {
		t.Fatalf("%s: a block without a StatefulSet that can be read:\n%s", s.page, s.manifest)
	}
	if _, labelled := s.set.Labels[contract.LabelOptIn]; labelled == s.before {
		t.Errorf("%s: before there is no label, and after there is", s)
	}
}

// fencesOf are the fenced blocks of a page.
func fencesOf(text string) []fence {
	var all []fence
	for _, at := range regexp.MustCompile("(?ms)^```([a-z ]*)\n(.*?)^```$").FindAllStringSubmatchIndex(text, -1) {
		all = append(all, fence{info: text[at[2]:at[3]], text: text[at[4]:at[5]], from: at[4], to: at[5]})
	}
	return all
}

func buildWebhook(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "webhook")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/webhook")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// inject is what the webhook makes of a sample, and what it says. Whoever has no label yet gets that of the namespace.
func inject(t *testing.T, program string, s *sample) (said, injected string, admitted bool) {
	t.Helper()
	args := []string{"inject", "-f", "-"}
	if s.before {
		args = append(args, "-namespace-label", contract.LabelOptIn+"="+contract.OptInEnabled)
	}
	var stdout, stderr bytes.Buffer
	run := exec.CommandContext(t.Context(), program, args...)
	run.Stdin, run.Stdout, run.Stderr = strings.NewReader(s.manifest), &stdout, &stderr
	err := run.Run()
	if failed := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &failed) || failed.ExitCode() != 1) {
		t.Fatalf("%s: %v\n%s", s, err, &stderr)
	}
	return stderr.String(), stdout.String(), err == nil
}

// podSpecOf is that of the template of the injected StatefulSet.
func podSpecOf(t *testing.T, injected string) any {
	t.Helper()
	for document := range strings.SplitSeq(injected, "---\n") {
		var set struct {
			Kind string `json:"kind"`
			Spec struct {
				Template struct {
					Spec any `json:"spec"`
				} `json:"template"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal([]byte(document), &set); err == nil && set.Kind == "StatefulSet" {
			return set.Spec.Template.Spec
		}
	}
	t.Fatalf("no StatefulSet came back:\n%s", injected)
	return nil
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return value
}

// within says where a part differs from the whole that it is said to be of. Elements of a list that have a name are found by it.
func within(at string, part, whole any) []string {
	var faults []string
	switch part := part.(type) {
	case map[string]any:
		of, _ := whole.(map[string]any)
		for key, value := range part {
			faults = append(faults, within(at+"/"+key, value, of[key])...)
		}
		return faults
	case []any:
		if !slices.ContainsFunc(part, func(one any) bool { return nameOf(one) == "" }) {
			of, _ := whole.([]any)
			for _, one := range part {
				i := slices.IndexFunc(of, func(other any) bool { return nameOf(other) == nameOf(one) })
				if i < 0 {
					faults = append(faults, fmt.Sprintf("%s has no %s", at, nameOf(one)))
					continue
				}
				faults = append(faults, within(at+"/"+nameOf(one), one, of[i])...)
			}
			return faults
		}
	}
	if !reflect.DeepEqual(part, whole) {
		return []string{fmt.Sprintf("%s is %v on the page, and %v as it is written", at, part, whole)}
	}
	return nil
}

func nameOf(one any) string {
	of, _ := one.(map[string]any)
	name, _ := of["name"].(string)
	return name
}

func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// wrapped is a text with its lines broken, what is left of one set in.
func wrapped(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		length := 0
		for i, word := range strings.Fields(line) {
			switch {
			case i > 0 && length+1+len(word) > widest:
				b.WriteString("\n    ")
				length = 4
			case i > 0:
				b.WriteString(" ")
				length++
			}
			b.WriteString(word)
			length += len(word)
		}
		b.WriteString("\n")
	}
	return b.String()
}
