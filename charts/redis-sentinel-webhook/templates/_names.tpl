{{/* The name of the webhook's objects. */}}
{{- define "webhook.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels of every object; the component is the caller's. */}}
{{- define "chart.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What selects the webhook's pods. Frozen: a Deployment's selector cannot change. */}}
{{- define "webhook.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: webhook
{{- end -}}

{{/* What selects the Sentinels' pods. Frozen, like the one above. */}}
{{- define "sentinels.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: sentinel
{{- end -}}

{{/* repository:tag or repository@digest; called with (list image defaultTag). */}}
{{- define "chart.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default (index . 1) }}
{{- end -}}
{{- end -}}

{{- define "webhook.image" -}}
{{ include "chart.image" (list .Values.image .Chart.AppVersion) }}
{{- end -}}

{{/* Called with a list of names. */}}
{{- define "chart.pullSecrets" -}}
{{- with . -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* How the agent looks where no rule of the policy says otherwise. */}}
{{- define "policy.agent" -}}
{{- $chart := dict "image" (include "webhook.image" .) "imagePullPolicy" .Values.image.pullPolicy -}}
{{- merge (deepCopy (.Values.policy.defaults.agent | default dict)) $chart | toYaml -}}
{{- end -}}

{{/* The names of the Sentinel set's account and of its peer Secret are the ones that the webhook and the agents expect. */}}
{{- define "sentinels.objectName" -}}
redis-sentinel-{{ .Values.sentinels.name }}
{{- end -}}

{{/* The users that the API server knows the accounts as. */}}
{{- define "webhook.user" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "webhook.fullname" . }}
{{- end -}}

{{- define "sentinels.user" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "sentinels.objectName" . }}
{{- end -}}
