// SPDX-License-Identifier: Apache-2.0

package app

import (
	"flag"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// emptyPolicy holds where there is no file: the Sentinel set of the chart watches everything.
const emptyPolicy = `apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
sentinelSets:
  - {namespace: redis-sentinel-system, name: redis-sentinel, namespaces: ["*"]}
`

// policySource is where a policy comes from.
type policySource struct {
	// path of the policy file; empty: emptyPolicy.
	path string
	// agentImage is the agent's image where the text names none.
	agentImage string
}

func (s *policySource) register(flags *flag.FlagSet, purpose, agentImage string) {
	flags.StringVar(&s.path, "policy", "", purpose)
	flags.StringVar(&s.agentImage, "agent-image", agentImage, "image of the agent, where the policy file names none")
}

func (s *policySource) load() (*policy.Policy, error) {
	text, err := s.read()
	if err != nil {
		return nil, err
	}
	return s.parse(text)
}

func (s *policySource) read() ([]byte, error) {
	if s.path == "" {
		return []byte(emptyPolicy), nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return nil, fmt.Errorf("reading policy: %w", err)
	}
	return text, nil
}

// parse fills in the agent's image where the text names none. A text whose form is wrong is left as it is, so that
// policy.Parse explains what is wrong with it.
func (s *policySource) parse(text []byte) (*policy.Policy, error) {
	if s.agentImage == "" {
		return policy.Parse(text)
	}
	var loose struct {
		Defaults struct {
			Agent struct {
				Image string `json:"image"`
			} `json:"agent"`
		} `json:"defaults"`
	}
	if err := yaml.Unmarshal(text, &loose); err != nil || loose.Defaults.Agent.Image != "" {
		return policy.Parse(text)
	}
	var all map[string]any
	if err := yaml.Unmarshal(text, &all); err != nil || all == nil {
		return policy.Parse(text)
	}
	agent := child(child(all, "defaults"), "agent")
	agent["image"] = s.agentImage
	filled, err := yaml.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("filling in the agent's image: %w", err)
	}
	return policy.Parse(filled)
}

// child is the map below a name of another; it is made where there is none.
func child(parent map[string]any, name string) map[string]any {
	found, ok := parent[name].(map[string]any)
	if !ok {
		found = map[string]any{}
		parent[name] = found
	}
	return found
}
