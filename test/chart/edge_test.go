// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// TestWebhookKnowsWhatItsSelectorsExclude: who sends a review himself passes by the selectors.
func TestWebhookKnowsWhatItsSelectorsExclude(t *testing.T) {
	deployment := find[appsv1.Deployment](t, render(t, "--set", "webhook.excludedNamespaces={kube-system,b,a}"), "Deployment", release)
	want := "--excluded-namespaces=a,b,kube-system," + namespace
	if args := deployment.Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, want) {
		t.Errorf("arguments %v, want %s", args, want)
	}
}

// TestClientCertificatesAreAskedForWhereAnAuthorityIsGiven: a new authority also has to reach the pods, which read it once.
func TestClientCertificatesAreAskedForWhereAnAuthorityIsGiven(t *testing.T) {
	const authority = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	without := render(t)
	if has(without, "ConfigMap", release+"-client-ca") {
		t.Error("a file of authorities without authorities")
	}
	for _, arg := range find[appsv1.Deployment](t, without, "Deployment", release).Spec.Template.Spec.Containers[0].Args {
		if strings.HasPrefix(arg, "--client-") {
			t.Errorf("argument %s", arg)
		}
	}
	objects := render(t, "--set-string", "webhook.clientCA="+authority, "--set", "webhook.clientNames={front-proxy-client,kube-apiserver}")
	if got := find[corev1.ConfigMap](t, objects, "ConfigMap", release+"-client-ca").Data["ca.crt"]; got != authority {
		t.Errorf("the file holds %q", got)
	}
	pod := find[appsv1.Deployment](t, objects, "Deployment", release).Spec.Template
	args := pod.Spec.Containers[0].Args
	for _, want := range []string{"--client-ca=/etc/redis-sentinel-webhook-client-ca/ca.crt", "--client-name=front-proxy-client", "--client-name=kube-apiserver"} {
		if !slices.Contains(args, want) {
			t.Errorf("arguments %v, want %s", args, want)
		}
	}
	mounts := slices.ContainsFunc(pod.Spec.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool {
		return m.Name == "client-ca" && m.MountPath == "/etc/redis-sentinel-webhook-client-ca" && m.ReadOnly
	})
	volumes := slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool {
		return v.Name == "client-ca" && v.ConfigMap != nil && v.ConfigMap.Name == release+"-client-ca"
	})
	if !mounts || !volumes {
		t.Error("the file is not mounted")
	}
	if pod.Annotations["checksum/client-ca"] == "" {
		t.Error("a new authority would not replace the pods")
	}
}
