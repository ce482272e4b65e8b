{{/* Labels of every object: called with (dict "root" $ "component" "api"). */}}
{{- define "payments.labels" -}}
{{ include "payments.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: shop
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
owner: {{ .root.Values.labels.owner }}
cost-center: {{ .root.Values.labels.costCenter }}
data-classification: {{ .root.Values.labels.dataClassification }}
tier: {{ .root.Values.labels.tier | quote }}
env: {{ .root.Values.environment }}
{{- end }}

{{/* Labels that never change during the life of a release. */}}
{{- define "payments.selectorLabels" -}}
app.kubernetes.io/name: payments
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* The digest decides which image runs; the tag is there for people. */}}
{{- define "payments.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}@{{ .Values.image.digest }}
{{- end }}
