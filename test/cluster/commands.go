// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/node"
)

// command is one word after "cluster".
type command struct {
	name  string
	args  string // as the usage shows them
	about string // empty: the cluster itself calls it
	root  bool   // it changes the machine
	alone bool   // it must not run beside another such command
	run   func(ctx context.Context, env *environment, args []string) error
}

var commands = []command{
	{"up", "", "start the cluster, or say that it runs", true, true, up},
	{"down", "", "end the cluster and remove everything of it", true, true, down},
	{"status", "", "say what runs; exit code 0 if the node is Ready", false, false, status},
	{"kubeconfig", "", "print the path of the administrator's kubeconfig", false, false, kubeconfig},
	{"tools", "", "build helm; print the folder of helm and kubectl", false, true, tools},
	{"images", "-out DIR [-bin DIR] [OTHERS]", "make the images of the webhook, of Redis, and OTHERS (-valkey ROOT, -legacy ROOT, -shapes NAME,...); print their paths", true, false, images},
	{"kill", "[-n NAMESPACE] POD CONTAINER", "kill a container's main process", true, false, kill},
	{"freeze", "[-n NAMESPACE] POD", "make a pod look as if its node died", true, true, freeze},
	{"thaw", "[-n NAMESPACE] POD", "let a frozen pod go on", true, true, thaw},
	{"cut", "[-n NAMESPACE] POD [--from api|dns|POD]...", "break a pod's network: to these, or to all", true, true, cut},
	{"heal", "[-n NAMESPACE] POD [--from api|dns|POD]...", "mend it", true, true, heal},
	{node.ProvideVolumes, "", "", true, false, provideVolumes},
	{"load", "IMAGE.tar...", "load images into the node", true, false, load},
}

func usage() string {
	var text strings.Builder
	text.WriteString("Usage: cluster COMMAND\n\n")
	for _, c := range commands {
		if c.about == "" {
			continue
		}
		fmt.Fprintf(&text, "  %-50s %s\n", strings.TrimSpace(c.name+" "+c.args), c.about)
	}
	return text.String()
}
