// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/load"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	redisSet    = "redis"
	sentinelSet = "sentinel"

	downAfter       = contract.DefaultDownAfterMs * time.Millisecond
	failoverTimeout = contract.DefaultFailoverTimeoutMs * time.Millisecond
)

//go:embed manifests
var manifests embed.FS

// setting is what the manifests of an arm are made with.
type setting struct {
	Namespace, Image, Master string
	// Volumes keeps the data beyond the pods; without them nothing is written to disk at all.
	Volumes bool
	// OwnSentinels gives the arm that is ours a Sentinel set of its own instead of the chart's.
	OwnSentinels bool
	Coordinated  bool
	// MinReplicas lets a plain master refuse writes without a replica.
	MinReplicas                bool
	DownAfter, FailoverTimeout time.Duration
}

// render fills a manifest in.
func render(name string, with any) (string, error) {
	made, err := template.ParseFS(manifests, "manifests/"+name)
	if err != nil {
		return "", fmt.Errorf("reading manifest %s: %w", name, err)
	}
	var text strings.Builder
	if err := made.Execute(&text, with); err != nil {
		return "", fmt.Errorf("filling in manifest %s: %w", name, err)
	}
	return text.String(), nil
}

// node is a Redis pod.
type node struct {
	pod     string
	uid     types.UID
	address string // IP and port of its Redis
}

// state is what an arm looks like.
type state struct {
	nodes []node
	// master is the one node that says it is master and that most Sentinels name; without a pod where there is none.
	master node
	// missing says what the arm lacks to be whole: every pod, every link and every Sentinel in order.
	missing string
}

// arm is a replication group of three with three Sentinels, in one of the ways that are compared.
type arm interface {
	name() string
	// group says where its pods are; its Sentinels' namespace and name are right for every arm.
	group() world.Group
	// manifest is what is applied.
	manifest() (string, error)
	look(ctx context.Context) (state, error)
	// specs are the writers that an application of this arm would be: each path, with and without the client's retries.
	specs() []load.Spec
	// request asks for another master while all is well.
	request(ctx context.Context) error
	// sentinels are the pods of its Sentinels.
	sentinels(ctx context.Context) ([]corev1.Pod, error)
}

// pathed makes for one path the two writers that differ by the client's settings.
func pathed(spec load.Spec) []load.Spec {
	application, wire := spec, spec
	application.Client, wire.Client = measure.AsApplication, measure.OnTheWire
	return []load.Spec{application, wire}
}

// node returns the node with that pod name as it is now.
func (s state) node(pod string) (node, bool) {
	for _, n := range s.nodes {
		if n.pod == pod {
			return n, true
		}
	}
	return node{}, false
}
