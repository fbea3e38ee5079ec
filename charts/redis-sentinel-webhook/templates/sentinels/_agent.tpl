{{/*
The agent in the Sentinel pods, as the webhook would add it. The set is rendered complete and carries no opt-in label, so
that it starts without the webhook: when the chart is installed, and when a whole cluster comes back.
A test in test/chart holds that this equals what internal/mutate makes of the same pod without it.
*/}}
{{- define "sentinels.agent.settings" -}}
{"version":1,"role":"sentinel","statefulSet":{{ .Values.sentinels.name | toJson }},"port":26379,"sentinel":{"service":{{ printf "%s-headless" .Values.sentinels.name | toJson }},"namespaces":{{ .Values.sentinels.namespaces | toJson }}}}
{{- end -}}

{{- define "sentinels.agent.annotations" -}}
{{- $settings := include "sentinels.agent.settings" . -}}
{{- $added := list "volumes/redis-sentinel-config" "volumes/redis-sentinel-token" "volumes/redis-sentinel-private" "volumes/redis-sentinel-peer" "initContainers/redis-sentinel-bootstrap" "labels/redis-sentinel.dev/group" "labels/redis-sentinel.dev/sentinel-set" -}}
cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes: redis-sentinel-config,redis-sentinel-private
redis-sentinel.dev/status: {{ printf `{"version":%s,"settings":%s,"added":%s,"original":{"container":"sentinel","args":["redis-sentinel"]}}`
  (toJson .Chart.AppVersion) (sha256sum $settings | trunc 16 | toJson) (toJson $added) | quote }}
{{- end -}}

{{- define "sentinels.agent.labels" -}}
redis-sentinel.dev/group: {{ .Values.sentinels.name }}
redis-sentinel.dev/sentinel-set: {{ .Values.sentinels.name }}
{{- end -}}

{{- define "sentinels.agent.container" -}}
{{- $agent := include "policy.agent" . | fromYaml -}}
- name: redis-sentinel-bootstrap
  image: {{ $agent.image }}
  imagePullPolicy: {{ $agent.imagePullPolicy }}
  command: [/bootstrap]
  restartPolicy: Always
  env:
    - name: REDIS_SENTINEL_NAMESPACE
      valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}}
    - name: REDIS_SENTINEL_POD_NAME
      valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}
    - name: REDIS_SENTINEL_POD_UID
      valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.uid}}
    - name: REDIS_SENTINEL_POD_IPS
      valueFrom: {fieldRef: {apiVersion: v1, fieldPath: status.podIPs}}
    - name: REDIS_SENTINEL_NODE_NAME
      valueFrom: {fieldRef: {apiVersion: v1, fieldPath: spec.nodeName}}
    - name: REDIS_SENTINEL_SETTINGS
      value: {{ include "sentinels.agent.settings" . | quote }}
  ports:
    - {name: redis-sentinel, containerPort: 8379, protocol: TCP}
  startupProbe:
    httpGet: {path: /started, port: 8379, scheme: HTTP}
    periodSeconds: 1
    timeoutSeconds: 1
    successThreshold: 1
    failureThreshold: 120
  resources:
    {{- toYaml ($agent.resources | default (dict "requests" (dict "cpu" "20m" "memory" "32Mi") "limits" (dict "memory" "64Mi"))) | nindent 4 }}
  securityContext:
    {{- with .Values.sentinels.runAsUser }}
    runAsUser: {{ . }}
    {{- end }}
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    runAsNonRoot: true
    capabilities: {drop: [ALL]}
    seccompProfile: {type: RuntimeDefault}
  terminationMessagePath: /dev/termination-log
  terminationMessagePolicy: File
  volumeMounts:
    - {name: redis-sentinel-config, mountPath: /redis-sentinel}
    - {name: redis-sentinel-token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
    - {name: redis-sentinel-private, mountPath: /redis-sentinel-private}
    - {name: redis-sentinel-peer, mountPath: /redis-sentinel-peer, readOnly: true}
{{- end -}}

{{- define "sentinels.agent.probes" -}}
livenessProbe:
  tcpSocket: {port: 26379}
  periodSeconds: 10
  timeoutSeconds: 1
  successThreshold: 1
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /ready, port: 8379, scheme: HTTP}
  periodSeconds: 1
  timeoutSeconds: 1
  successThreshold: 1
  failureThreshold: 3
{{- end -}}

{{- define "sentinels.agent.volumes" -}}
- name: redis-sentinel-config
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
- name: redis-sentinel-token
  projected:
    defaultMode: 420
    sources:
      - serviceAccountToken: {expirationSeconds: 3607, path: token}
      - configMap:
          name: kube-root-ca.crt
          items: [{key: ca.crt, path: ca.crt}]
      - downwardAPI:
          items:
            - path: namespace
              fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}
- name: redis-sentinel-private
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
- name: redis-sentinel-peer
  secret: {secretName: {{ include "sentinels.objectName" . }}-peer, defaultMode: 420, optional: true}
{{- end -}}
