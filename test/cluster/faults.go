// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/fault"
)

// target is what the commands that break something are given.
type target struct {
	namespace string
	from      []string
	names     []string // of the pod, and of the container if there is one
}

// parseTarget reads "[-n NAMESPACE] NAME... [--from WORD]...": flags may stand
// before, between and behind the names, as with kubectl.
func parseTarget(command string, args []string, names int, takesFrom bool) (target, error) {
	t := target{namespace: "default"}
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&t.namespace, "n", t.namespace, "")
	flags.StringVar(&t.namespace, "namespace", t.namespace, "")
	if takesFrom {
		flags.Func("from", "", func(value string) error {
			t.from = append(t.from, strings.Split(value, ",")...)
			return nil
		})
	}
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return target{}, fmt.Errorf("%w: %s: %w", errUsage, command, err)
		}
		args = flags.Args()
		if len(args) > 0 {
			t.names, args = append(t.names, args[0]), args[1:]
		}
	}
	if len(t.names) != names {
		return target{}, fmt.Errorf("%w: %s needs %d name(s), got %q", errUsage, command, names, t.names)
	}
	return t, nil
}

func kill(ctx context.Context, env *environment, args []string) error {
	t, err := parseTarget("kill", args, 2, false)
	if err != nil {
		return err
	}
	return fault.Kill(ctx, env.node, t.namespace, t.names[0], t.names[1])
}

func freeze(ctx context.Context, env *environment, args []string) error {
	t, err := parseTarget("freeze", args, 1, false)
	if err != nil {
		return err
	}
	return fault.Freeze(ctx, env.node, t.namespace, t.names[0])
}

func thaw(ctx context.Context, env *environment, args []string) error {
	t, err := parseTarget("thaw", args, 1, false)
	if err != nil {
		return err
	}
	return fault.Thaw(ctx, env.node, t.namespace, t.names[0])
}

func cut(ctx context.Context, env *environment, args []string) error {
	t, err := parseTarget("cut", args, 1, true)
	if err != nil {
		return err
	}
	return fault.CutOff(ctx, env.node, t.namespace, t.names[0], t.from)
}

func heal(ctx context.Context, env *environment, args []string) error {
	t, err := parseTarget("heal", args, 1, true)
	if err != nil {
		return err
	}
	return fault.Heal(ctx, env.node, t.namespace, t.names[0], t.from)
}
