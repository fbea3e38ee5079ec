// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// askRights asks for each right that the webhook needs, in the cluster and in its own namespace.
func (c *checker) askRights(ctx context.Context, live client.Writer) {
	ask := func(question, namespace string, rules []rbacv1.PolicyRule) {
		c.ask(question, func() (string, error) {
			absent, err := missing(ctx, live, namespace, rules)
			if err != nil {
				return "", err
			}
			if len(absent) > 0 {
				return "", fmt.Errorf("missing: %s", strings.Join(absent, ", "))
			}
			return "complete", nil
		})
	}
	ask("rights in the cluster", "", provision.WebhookRules(c.labelsRole(), c.configurations...))
	ask("rights in namespace "+c.namespace, c.namespace, provision.WebhookOwnRules(c.authoritySecret(), c.hookSecret(), c.keySecret()))
}

// missing are the rights of the rules that this account does not have.
func missing(ctx context.Context, live client.Writer, namespace string, rules []rbacv1.PolicyRule) ([]string, error) {
	var out []string
	for _, right := range single(rules) {
		right.Namespace = namespace
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &right}}
		if err := live.Create(ctx, review); err != nil {
			return nil, fmt.Errorf("reviewing access: %w", err)
		}
		if !review.Status.Allowed {
			out = append(out, strings.TrimSpace(right.Verb+" "+right.Resource+" "+right.Name))
		}
	}
	return out, nil
}

// single takes rules apart into rights.
func single(rules []rbacv1.PolicyRule) []authorizationv1.ResourceAttributes {
	var out []authorizationv1.ResourceAttributes
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, path := range rule.Resources {
				resource, sub, _ := strings.Cut(path, "/")
				for _, verb := range rule.Verbs {
					for _, name := range names {
						out = append(out, authorizationv1.ResourceAttributes{Group: group, Resource: resource, Subresource: sub, Verb: verb, Name: name})
					}
				}
			}
		}
	}
	return out
}
