{{/*
A ValidatingAdmissionPolicy and its binding, called with a dict of root, name (part of the objects' name), spec (text) and, where it only
warns, warn. An expression that fails refuses the request, whose ever it is: so every field is asked for first; where it only warns,
nobody's request depends on it.
*/}}
{{- define "admission.policy" -}}
{{- $name := printf "%s-%s" (include "webhook.fullname" .root) .name -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ $name }}
  labels:
    {{- include "chart.labels" .root | nindent 4 }}
    app.kubernetes.io/component: webhook
spec:
  failurePolicy: {{ if .warn }}Ignore{{ else }}Fail{{ end }}
  {{- .spec | nindent 2 }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  labels:
    {{- include "chart.labels" .root | nindent 4 }}
    app.kubernetes.io/component: webhook
spec:
  policyName: {{ $name }}
  validationActions: [{{ if .warn }}Warn{{ else }}Deny{{ end }}]
{{- end -}}

{{/* Labels and annotations before and after, whatever is missing. */}}
{{- define "admission.labels" -}}
- name: labels
  expression: "object != null && has(object.metadata.labels) ? object.metadata.labels : {}"
- name: oldLabels
  expression: "oldObject != null && has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}"
{{- end -}}

{{- define "admission.annotations" -}}
- name: annotations
  expression: "object != null && has(object.metadata.annotations) ? object.metadata.annotations : {}"
- name: oldAnnotations
  expression: "oldObject != null && has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {}"
{{- end -}}

{{/* Finalizers and owners can have an object removed, or kept for ever. */}}
{{- define "admission.ownersKept" -}}
- expression: >-
    (has(object.metadata.finalizers) ? object.metadata.finalizers : []) ==
    (has(oldObject.metadata.finalizers) ? oldObject.metadata.finalizers : []) &&
    (has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : []) ==
    (has(oldObject.metadata.ownerReferences) ? oldObject.metadata.ownerReferences : [])
  message: finalizers and owners may not change
  reason: Forbidden
{{- end -}}
