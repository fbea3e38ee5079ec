{{/* A pod that runs one command of the webhook's image; called with a dict of root, account and args. */}}
{{- define "hooks.pod" -}}
serviceAccountName: {{ .account }}
restartPolicy: Never
{{- with include "chart.pullSecrets" .root.Values.imagePullSecrets }}
{{- . | nindent 0 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.webhook.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.webhook.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: webhook
    image: {{ include "webhook.image" .root }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    command: [/webhook]
    args:
      {{- toYaml .args | nindent 6 }}
    resources:
      requests: {cpu: 10m, memory: 32Mi}
      limits: {memory: 64Mi}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]}
{{- end -}}
