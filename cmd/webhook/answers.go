// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// oldestMinor is the oldest Kubernetes 1.x that has all that we build on: matchConditions and ValidatingAdmissionPolicies.
const oldestMinor = 30

func checkServerVersion(major, minor, text string) (string, error) {
	number, err := strconv.Atoi(strings.TrimRight(minor, "+"))
	if err != nil || major == "1" && number < oldestMinor {
		return "", fmt.Errorf("is %s, need 1.%d or newer", text, oldestMinor)
	}
	return "is " + text, nil
}

func unknownIfForbidden(err error) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("%w: %w", errUnknown, err)
	}
	return err
}

func countReady(pods []corev1.Pod) (string, error) {
	ready := 0
	for i := range pods {
		for _, condition := range pods[i].Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	said := fmt.Sprintf("%d of %d are ready", ready, len(pods))
	if ready == 0 {
		return "", errors.New(said + ": labelled pods are refused until one is")
	}
	return said, nil
}

// configuration looks at every entry of ours.
func (c *checker) configuration(ctx context.Context, name string) (string, error) {
	live := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := c.client.Get(ctx, client.ObjectKey{Name: name}, live); err != nil {
		return "", unknownIfForbidden(err)
	}
	frozen := []string{contract.WebhookPods, contract.WebhookNamespacePods, contract.WebhookStatefulSets, contract.WebhookNamespaceSets}
	var said []string
	for _, entry := range live.Webhooks {
		if !slices.Contains(frozen, entry.Name) {
			continue
		}
		bundle, err := serving.DecodeBundle(entry.ClientConfig.CABundle)
		if err != nil {
			return "", fmt.Errorf("caBundle of %s: %w", entry.Name, err)
		}
		if len(bundle) == 0 {
			return "", fmt.Errorf("caBundle of %s is empty: every call fails; a ready replica of the webhook fills it in", entry.Name)
		}
		days := int(bundle[0].NotAfter.Sub(c.now).Hours() / 24)
		if days < 0 {
			return "", fmt.Errorf("the authority of %s expired at %s", entry.Name, bundle[0].NotAfter.Format(time.RFC3339))
		}
		said = append(said, fmt.Sprintf("%s believes %d authorities, the newest for %d days", entry.Name, len(bundle), days))
	}
	if len(said) == 0 {
		return "", fmt.Errorf("has none of our entries %v", frozen)
	}
	return strings.Join(said, "; "), nil
}

// authority compares the certificate in the Secret with what API servers believe.
func (c *checker) authority(ctx context.Context) (string, error) {
	secret := &corev1.Secret{}
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: c.authoritySecret()}, secret); err != nil {
		return "", unknownIfForbidden(err)
	}
	for _, name := range c.configurations {
		live := &admissionregistrationv1.MutatingWebhookConfiguration{}
		if err := c.client.Get(ctx, client.ObjectKey{Name: name}, live); err != nil {
			return "", unknownIfForbidden(err)
		}
		for _, entry := range live.Webhooks {
			if !bytes.Contains(entry.ClientConfig.CABundle, secret.Data[corev1.TLSCertKey]) {
				return "", fmt.Errorf("%s of %s does not believe the authority of Secret %s", entry.Name, name, secret.Name)
			}
		}
	}
	return "every entry believes the one of Secret " + secret.Name, nil
}

// skew counts injected pods by the version of the webhook that injected them. Differences are normal after an upgrade: a
// pod keeps its agent until it is replaced.
func (c *checker) skew(ctx context.Context) (string, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PodList"))
	versions := map[string]int{}
	for {
		err := c.client.List(ctx, list, client.HasLabels{contract.LabelGroup}, client.Limit(500), client.Continue(list.Continue))
		if err != nil {
			return "", unknownIfForbidden(err)
		}
		for i := range list.Items {
			var status struct {
				Version string `json:"version"`
			}
			if err := json.Unmarshal([]byte(list.Items[i].Annotations[contract.AnnotationStatus]), &status); err != nil {
				status.Version = "unknown"
			}
			versions[status.Version]++
		}
		if list.Continue == "" {
			break
		}
	}
	if len(versions) == 0 {
		return "none", nil
	}
	var said []string
	for _, version := range slices.Sorted(maps.Keys(versions)) {
		said = append(said, fmt.Sprintf("%d by version %s", versions[version], version))
	}
	return fmt.Sprintf("%s; this is version %s", strings.Join(said, ", "), version), nil
}

// rights asks for each right that the webhook needs, in the cluster and in its own namespace.
func (c *checker) rights(ctx context.Context) {
	ask := func(question, namespace string, rules []rbacv1.PolicyRule) {
		c.ask(question, func() (string, error) {
			missing, err := c.missing(ctx, namespace, rules)
			if err != nil {
				return "", err
			}
			if len(missing) > 0 {
				return "", fmt.Errorf("missing: %s", strings.Join(missing, ", "))
			}
			return "all there", nil
		})
	}
	ask("rights in the cluster", "", provision.WebhookRules(c.configurations...))
	ask("rights in namespace "+c.namespace, c.namespace, provision.WebhookOwnRules(c.authoritySecret(), c.hookSecret()))
	c.ask("rights for Sentinel sets of users", func() (string, error) {
		missing, err := c.missing(ctx, "", provision.WebhookSentinelSetRules())
		if err == nil && len(missing) > 0 {
			return "", fmt.Errorf("%w: not in the whole cluster; such sets work in namespaces where they were granted", errUnknown)
		}
		return "all there", err
	})
}

// missing are the rights of the rules that this account does not have.
func (c *checker) missing(ctx context.Context, namespace string, rules []rbacv1.PolicyRule) ([]string, error) {
	var out []string
	for _, right := range single(rules) {
		right.Namespace = namespace
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &right}}
		if err := c.client.Create(ctx, review); err != nil {
			return nil, fmt.Errorf("asking for rights: %w", err)
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
			for _, resource := range rule.Resources {
				resource, sub, _ := strings.Cut(resource, "/")
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
