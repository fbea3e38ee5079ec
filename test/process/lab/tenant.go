// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

const sharedPolicyText = `apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
defaults: {downAfter: %s, agent: {image: "lab"}}
sentinelSets:
  - {namespace: %s, name: sentinel, namespaces: [%[2]s, %[3]s]}
`

// Tenant is another namespace, whose groups the Sentinels of the scene watch too. They have to be started after it.
func (s *Scene) Tenant() *Scene {
	s.T.Helper()
	tenant := s.NewScene(s.T, s.Server.Name)
	shared, err := policy.Parse(fmt.Appendf(nil, sharedPolicyText, DownAfter, s.Namespace, tenant.Namespace))
	if err != nil {
		s.T.Fatal(err)
	}
	s.policy, tenant.policy = shared, shared
	s.tenants = append(s.tenants, tenant)
	// As the chart's set may read all records.
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "records"}, Rules: provision.SentinelSetRules()}
	if _, err := s.Client.RbacV1().Roles(tenant.Namespace).Create(s.context(), role, metav1.CreateOptions{}); err != nil {
		s.T.Fatal(err)
	}
	tenant.bind(rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name}, contract.Account(s.Namespace, contract.ObjectName("sentinel")))
	return tenant
}

// As is the API server as a user sees it who has the built-in role edit in the scene's namespace.
func (s *Scene) As(user string) kubernetes.Interface {
	s.T.Helper()
	// What the role consists of: there is no controller that would put it together.
	s.bind(rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:aggregate-to-edit"}, user)
	config := rest.CopyConfig(s.API)
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

func (s *Scene) bind(role rbacv1.RoleRef, user string) {
	s.T.Helper()
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "lab-"}, RoleRef: role,
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	if _, err := s.Client.RbacV1().RoleBindings(s.Namespace).Create(s.context(), binding, metav1.CreateOptions{}); err != nil {
		s.T.Fatal(err)
	}
}
