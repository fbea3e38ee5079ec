{{/*
One MutatingWebhookConfiguration with one entry, called with a dict of root, name (part of the object's name), entry (frozen
in internal/contract: the webhook owns caBundle under this name), path, sideEffects, and the texts rules and conditions; byNamespace where
the Namespace's label counts, and optional where requests pass without the webhook, whatever their labels. caBundle is never rendered: the webhook applies it, and
helm upgrade leaves alone what it does not know.
*/}}
{{- define "admission.mutating" -}}
{{- $root := .root -}}
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: {{ include "webhook.fullname" $root }}-{{ .name }}
  labels:
    {{- include "chart.labels" $root | nindent 4 }}
    app.kubernetes.io/component: webhook
webhooks:
  - name: {{ .entry }}
    admissionReviewVersions: [v1]
    clientConfig:
      service:
        name: {{ include "webhook.fullname" $root }}
        namespace: {{ $root.Release.Namespace }}
        path: {{ .path }}
        port: 443
    failurePolicy: {{ if .optional }}Ignore{{ else }}Fail{{ end }}
    matchPolicy: Equivalent
    reinvocationPolicy: IfNeeded
    sideEffects: {{ .sideEffects }}
    timeoutSeconds: {{ $root.Values.webhook.timeoutSeconds }}
    rules:
      {{- .rules | nindent 6 }}
    namespaceSelector:
      {{- if .byNamespace }}
      matchLabels:
        redis-sentinel: enabled
      {{- end }}
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: NotIn
          values:
            {{- include "admission.excludedNamespaces" $root | nindent 12 }}
    {{- if not .optional }}
    objectSelector:
      matchExpressions:
        {{- /* A Namespace speaks for what says nothing itself. */}}
        - {key: redis-sentinel, operator: {{ if .byNamespace }}DoesNotExist{{ else }}Exists{{ end }}}
    {{- end }}
    matchConditions:
      {{- .conditions | nindent 6 }}
{{- end -}}

{{- define "admission.excludedNamespaces" -}}
{{- toYaml (append .Values.webhook.excludedNamespaces .Release.Namespace | uniq | sortAlpha) -}}
{{- end -}}

{{/* Creation only: nothing that is injected can be changed in a pod later. */}}
{{- define "admission.podRules" -}}
- apiGroups: [""]
  apiVersions: [v1]
  operations: [CREATE]
  resources: [pods]
  scope: Namespaced
{{- end -}}

{{- define "admission.setRules" -}}
- apiGroups: [apps]
  apiVersions: [v1]
  operations: [CREATE, UPDATE]
  resources: [statefulsets]
  scope: Namespaced
{{- end -}}

{{/* What kubectl scale and autoscalers change: it has neither labels nor a template. */}}
{{- define "admission.scaleRules" -}}
- apiGroups: [apps]
  apiVersions: [v1]
  operations: [UPDATE]
  resources: [statefulsets/scale]
  scope: Namespaced
{{- end -}}

{{/* From one pod to several: nothing else of a scale can be wrong. */}}
{{- define "admission.scaledUp" -}}
- name: from-one-to-several
  expression: >-
    has(object.spec.replicas) && object.spec.replicas > 1 && (!has(oldObject.spec.replicas) || oldObject.spec.replicas <= 1)
{{- end -}}

{{/* The kubelet's mirrors of static pods cannot be changed. */}}
{{- define "admission.notMirror" -}}
- name: no-mirror-pod
  expression: >-
    !has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)
{{- end -}}

{{/*
Scaling but from one pod to several, status, finalizers and annotations of others never reach the webhook, nor does anything while the set is deleted,
nor what the webhook writes itself: its touch, when it has just come back, and its answers to requests for a handover.
With failurePolicy Fail an expression that fails would refuse somebody else's StatefulSet, so every field is asked for first.
*/}}
{{- define "admission.setChanged" -}}
- name: created-or-changed
  expression: >-
    request.operation == 'CREATE' ||
    !has(object.metadata.deletionTimestamp) && (
    object.spec.template != oldObject.spec.template ||
    has(object.spec.replicas) && object.spec.replicas > 1 && (!has(oldObject.spec.replicas) || oldObject.spec.replicas <= 1) ||
    (has(object.metadata.labels) ? object.metadata.labels : {}) !=
    (has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}) ||
    has(object.metadata.annotations) && object.metadata.annotations.exists(k,
    k.startsWith('redis-sentinel.dev/') && !(k in ['redis-sentinel.dev/touched', 'redis-sentinel.dev/handover-from', 'redis-sentinel.dev/handover-refused']) && (!has(oldObject.metadata.annotations) ||
    !(k in oldObject.metadata.annotations) || oldObject.metadata.annotations[k] != object.metadata.annotations[k])) ||
    has(oldObject.metadata.annotations) && oldObject.metadata.annotations.exists(k,
    k.startsWith('redis-sentinel.dev/') && !(k in ['redis-sentinel.dev/touched', 'redis-sentinel.dev/handover', 'redis-sentinel.dev/handover-from', 'redis-sentinel.dev/handover-refused']) &&
    (!has(object.metadata.annotations) || !(k in object.metadata.annotations))))
{{- end -}}
