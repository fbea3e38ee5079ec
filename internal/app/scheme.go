// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// newScheme knows the kinds that the webhook touches and no others: client-go's own scheme would cost megabytes.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(
		corev1.AddToScheme(scheme), appsv1.AddToScheme(scheme), rbacv1.AddToScheme(scheme), coordinationv1.AddToScheme(scheme),
		admissionregistrationv1.AddToScheme(scheme), authorizationv1.AddToScheme(scheme), metav1.AddMetaToScheme(scheme),
	)
}

// newMapper knows the resources of those kinds by heart. All of them belong to Kubernetes itself, so asking the API server
// would only make the first pod of a group wait.
func newMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for version, kinds := range map[schema.GroupVersion]map[string]meta.RESTScope{
		corev1.SchemeGroupVersion: {
			"Namespace": meta.RESTScopeRoot, "Pod": meta.RESTScopeNamespace, "Secret": meta.RESTScopeNamespace,
			"Service": meta.RESTScopeNamespace, "ServiceAccount": meta.RESTScopeNamespace,
			"PersistentVolumeClaim": meta.RESTScopeNamespace, "LimitRange": meta.RESTScopeNamespace, "ResourceQuota": meta.RESTScopeNamespace,
		},
		appsv1.SchemeGroupVersion: {
			"StatefulSet": meta.RESTScopeNamespace, "ControllerRevision": meta.RESTScopeNamespace, "ReplicaSet": meta.RESTScopeNamespace,
		},
		batchv1.SchemeGroupVersion:                 {"Job": meta.RESTScopeNamespace},
		rbacv1.SchemeGroupVersion:                  {"Role": meta.RESTScopeNamespace, "RoleBinding": meta.RESTScopeNamespace},
		coordinationv1.SchemeGroupVersion:          {"Lease": meta.RESTScopeNamespace},
		admissionregistrationv1.SchemeGroupVersion: {"MutatingWebhookConfiguration": meta.RESTScopeRoot},
		authorizationv1.SchemeGroupVersion:         {"SelfSubjectAccessReview": meta.RESTScopeRoot},
	} {
		for kind, scope := range kinds {
			mapper.Add(version.WithKind(kind), scope)
		}
	}
	return mapper
}
