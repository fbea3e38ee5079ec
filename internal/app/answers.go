// SPDX-License-Identifier: Apache-2.0

package app

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
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// oldestMinor is the oldest Kubernetes 1.x that has all that we build on: matchConditions and ValidatingAdmissionPolicies.
const oldestMinor = 30

func serverVersion(server discovery.ServerVersionInterface) (string, error) {
	found, err := server.ServerVersion()
	if err != nil {
		return "", fmt.Errorf("cannot be reached: %w", err)
	}
	minor, err := strconv.Atoi(strings.TrimRight(found.Minor, "+"))
	if err != nil || found.Major == "1" && minor < oldestMinor {
		return "", fmt.Errorf("is %s, need 1.%d or newer", found.GitVersion, oldestMinor)
	}
	return "is " + found.GitVersion, nil
}

func unknownIfForbidden(err error) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("%w: %w", errUnknown, err)
	}
	return err
}

func (c *checker) replicas(ctx context.Context, live client.Reader) (string, error) {
	pods := &corev1.PodList{}
	err := live.List(ctx, pods, client.InNamespace(c.namespace), client.MatchingLabels{"app.kubernetes.io/component": "webhook"})
	if err != nil {
		return "", unknownIfForbidden(err)
	}
	ready := 0
	for i := range pods.Items {
		for _, condition := range pods.Items[i].Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	said := fmt.Sprintf("%d of %d are ready", ready, len(pods.Items))
	if ready == 0 {
		return "", errors.New(said + ": labelled pods are rejected until one is")
	}
	return said, nil
}

// configuration looks at every entry of ours.
func (c *checker) configuration(ctx context.Context, live client.Reader, name string) (string, error) {
	found := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := live.Get(ctx, client.ObjectKey{Name: name}, found); err != nil {
		return "", unknownIfForbidden(err)
	}
	frozen := contract.WebhookEntries()
	var said []string
	for _, entry := range found.Webhooks {
		if !slices.Contains(frozen, entry.Name) {
			continue
		}
		trust, err := c.trust(entry)
		if err != nil {
			return "", err
		}
		said = append(said, entry.Name+" "+trust)
	}
	if len(said) == 0 {
		return "", fmt.Errorf("has none of the webhook's entries %v", frozen)
	}
	return strings.Join(said, "; "), nil
}

// trust reads which authorities the API server trusts for one entry.
func (c *checker) trust(entry admissionregistrationv1.MutatingWebhook) (string, error) {
	bundle, err := serving.DecodeBundle(entry.ClientConfig.CABundle)
	if err != nil {
		return "", fmt.Errorf("caBundle of %s: %w", entry.Name, err)
	}
	if len(bundle) == 0 {
		return "", fmt.Errorf("caBundle of %s is empty: every call fails until a ready replica of the webhook fills it in", entry.Name)
	}
	left := bundle[0].NotAfter.Sub(c.now)
	if left < 0 {
		return "", fmt.Errorf("the authority of %s expired at %s", entry.Name, bundle[0].NotAfter.Format(time.RFC3339))
	}
	return fmt.Sprintf("trusts %d authorities, the newest for %d days", len(bundle), int(left.Hours()/24)), nil
}

// authority compares the certificate in the Secret with what API servers trust.
func (c *checker) authority(ctx context.Context, live client.Reader) (string, error) {
	secret := &corev1.Secret{}
	if err := live.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: c.authoritySecret()}, secret); err != nil {
		return "", unknownIfForbidden(err)
	}
	for _, name := range c.configurations {
		found := &admissionregistrationv1.MutatingWebhookConfiguration{}
		if err := live.Get(ctx, client.ObjectKey{Name: name}, found); err != nil {
			return "", unknownIfForbidden(err)
		}
		for _, entry := range found.Webhooks {
			if !bytes.Contains(entry.ClientConfig.CABundle, secret.Data[corev1.TLSCertKey]) {
				return "", fmt.Errorf("%s of %s does not trust the authority of Secret %s", entry.Name, name, secret.Name)
			}
		}
	}
	return "every entry trusts the one of Secret " + secret.Name, nil
}

// skew counts injected pods by the version of the webhook that injected them. Differences are normal after an upgrade: a
// pod keeps its agent until it is replaced.
func (c *checker) skew(ctx context.Context, live client.Reader) (string, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PodList"))
	versions := map[string]int{}
	for {
		err := live.List(ctx, list, client.HasLabels{contract.LabelGroup}, client.Limit(500), client.Continue(list.Continue))
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
	return fmt.Sprintf("%s; this is version %s", strings.Join(said, ", "), c.version), nil
}
