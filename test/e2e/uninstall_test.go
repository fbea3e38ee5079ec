// SPDX-License-Identifier: Apache-2.0

package e2e

// This file is the last one by name, because its test takes the release away; it puts it back.

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestUninstall upgrades, tests, uninstalls and installs the release again while a group serves.
func TestUninstall(t *testing.T) {
	w := connect(t)
	if _, err := exec.LookPath("helm"); err != nil {
		t.Fatal("helm is needed on PATH: ", err)
	}
	in := namespace(t, w, nil)
	group := apply(t, w, in, plain("redis", labelled))
	before, _ := formed(t, w, group)
	master, _ := before.Master()
	values := keepRelease(t, w)

	t.Log(lastLines(helm(t, w, append(upgrade(t, values), "--set", "webhook.logLevel=debug")...)))
	helm(t, w, upgrade(t, values)...)
	t.Log("helm test: ", lastLines(helm(t, w, "test", release)))
	if view, _ := formed(t, w, group); !sameMaster(view, master) {
		t.Errorf("an upgrade moved the master: it was %s: %s", master.Pod, view)
	}

	// Other users' pods are admitted at every moment of the uninstall, even where it would be interrupted.
	uninstalled := make(chan string)
	go func() {
		output, err := runHelm(t.Context(), w, "uninstall", release, "--wait", "--timeout", "2m")
		if err != nil {
			output += "\n" + err.Error()
		}
		uninstalled <- output
	}()
	admitted := 0
	var output string
	until(t, "helm uninstall", func(ctx context.Context) string {
		if refusal := admits(ctx, w, in); refusal != "" {
			t.Error(refusal)
		}
		admitted++
		select {
		case output = <-uninstalled:
			return ""
		default:
			return "it is not finished"
		}
	})
	t.Logf("uninstalled, %d unlabelled pods admitted meanwhile: %s", admitted, output)
	if !strings.Contains(output, in) {
		t.Logf("NOTE: the output of helm uninstall does not name the group that is left (the hook's log may)")
	}
	must(t, world.Holds(t.Context(), 10*time.Second, "the group without the release", func(ctx context.Context) string {
		view, err := w.Look(ctx, group)
		switch {
		case err != nil:
			return err.Error()
		case !sameMaster(view, master):
			return "the master is another one: " + view.String()
		}
		if err := w.At(master.Address).Set(ctx, "without-the-release", time.Now().String(), 0).Err(); err != nil {
			return "the master refuses writes: " + err.Error()
		}
		return admits(ctx, w, in)
	}))

	helm(t, w, upgrade(t, values)...)
	view, took := formed(t, w, group)
	t.Logf("installed again: the Sentinels know the group %.1f s later", took.Seconds())
	if !sameMaster(view, master) {
		t.Errorf("the master was %s: %s", master.Pod, view)
	}
}

func sameMaster(view world.View, master world.Node) bool {
	now, one := view.Master()
	return one && now.UID == master.UID && now.Redis.RunID == master.Redis.RunID
}

// upgrade is what `make install` does, with the values that the release has.
func upgrade(t *testing.T, values string) []string {
	root, err := world.Root()
	must(t, err)
	return []string{"upgrade", "--install", release, filepath.Join(root, "charts", release), "--create-namespace", "-f", values, "--wait", "--timeout", "2m"}
}

func helm(t *testing.T, w *world.World, arguments ...string) string {
	t.Helper()
	output, err := runHelm(t.Context(), w, arguments...)
	if err != nil {
		t.Fatalf("helm %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
	return output
}

func runHelm(ctx context.Context, w *world.World, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "helm", append(arguments, "-n", world.ChartSentinels.Namespace)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+w.Kubeconfig())
	output, err := command.CombinedOutput()
	return string(output), err
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n")
}
