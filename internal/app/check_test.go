// SPDX-License-Identifier: Apache-2.0

package app

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/version"
)

// fixedVersion is the answer of an API server.
type fixedVersion version.Info

func (f fixedVersion) ServerVersion() (*version.Info, error) { return (*version.Info)(&f), nil }

func TestServerVersion(t *testing.T) {
	for minor, good := range map[string]bool{"29": false, "30": true, "36+": true, "x": false} {
		if _, err := serverVersion(fixedVersion{Major: "1", Minor: minor, GitVersion: "v1." + minor}); (err == nil) != good {
			t.Errorf("1.%s: %v", minor, err)
		}
	}
}

func TestRightsAreAskedOneByOne(t *testing.T) {
	rules := []rbacv1.PolicyRule{
		{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
		{APIGroups: []string{""}, Resources: []string{"pods/status"}, Verbs: []string{"get"}, ResourceNames: []string{"a", "b"}},
	}
	rights := single(rules)
	if len(rights) != 6 || rights[5].Subresource != "status" || rights[5].Name != "b" {
		t.Errorf("rights %+v", rights)
	}
}
