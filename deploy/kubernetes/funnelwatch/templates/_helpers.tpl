{{- define "funnelwatch.name" -}}
{{- if contains "funnelwatch" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-funnelwatch" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "funnelwatch.labels" -}}
{{ include "funnelwatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "funnelwatch.selector" -}}
app.kubernetes.io/name: funnelwatch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "funnelwatch.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* the secrets that a role uses, and no other */}}
{{- define "funnelwatch.secretsOf" -}}
{{- $of := dict
  "prepare" (list "clickhouse_password")
  "collector" (list "hash_key" "sources_key")
  "sources" (list "hash_key" "sources_key" "clickhouse_reader_password")
  "landing" (list "clickhouse_password")
  "page" (list "hash_key" "clickhouse_importer_password" "clickhouse_reader_password" "link_key" "page_token")
  "notifier" (list "clickhouse_reader_password" "link_key")
  "digests" (list "clickhouse_reader_password" "link_key")
  "jobs" (list "clickhouse_password" "clickhouse_reader_password")
-}}
{{- toJson (get $of . | default list) -}}
{{- end }}

{{- define "funnelwatch.environment" -}}
{{- $role := .role }}{{- $values := .root.Values }}
- { name: FUNNELWATCH_CONFIG, value: /etc/funnelwatch/funnelwatch.yaml }
- { name: FUNNELWATCH_LANGUAGE, value: {{ $values.language | quote }} }
- { name: FUNNELWATCH_PUBLIC_URL, value: {{ $values.publicUrl | quote }} }
- { name: FUNNELWATCH_METRICS_HOST, value: 0.0.0.0 }
- { name: FUNNELWATCH_METRICS_PORT, value: "9464" }
- { name: FUNNELWATCH_GROUP_PREFIX, value: {{ $values.groupPrefix | quote }} }
- { name: FUNNELWATCH_KAFKA, value: {{ $values.kafka.bootstrapServers | quote }} }
- { name: FUNNELWATCH_PARTITIONS, value: {{ $values.kafka.partitions | quote }} }
- { name: FUNNELWATCH_REPLICATION, value: {{ $values.kafka.replication | quote }} }
- { name: FUNNELWATCH_KAFKA_SECURITY_PROTOCOL, value: {{ $values.kafka.securityProtocol | quote }} }
{{- if hasPrefix "SASL_" $values.kafka.securityProtocol }}
- { name: FUNNELWATCH_KAFKA_SASL_MECHANISM, value: {{ $values.kafka.saslMechanism | quote }} }
- { name: FUNNELWATCH_KAFKA_USERNAME, value: {{ $values.kafka.username | quote }} }
- { name: FUNNELWATCH_KAFKA_PASSWORD_FILE, value: /run/kafka/password }
{{- end }}
{{- if hasSuffix "SSL" $values.kafka.securityProtocol }}
{{- if $values.kafka.ca.secret }}
- { name: FUNNELWATCH_KAFKA_CA, value: /run/kafka/ca.crt }
{{- end }}
{{- if $values.kafka.clientCertificate.secret }}
- { name: FUNNELWATCH_KAFKA_CLIENT_CERTIFICATE, value: /run/kafka/client.crt }
- { name: FUNNELWATCH_KAFKA_CLIENT_KEY, value: /run/kafka/client.key }
{{- end }}
{{- end }}
- { name: FUNNELWATCH_CLICKHOUSE_URL, value: {{ $values.clickhouse.url | quote }} }
- { name: FUNNELWATCH_CLICKHOUSE_DATABASE, value: {{ $values.clickhouse.database | quote }} }
- { name: FUNNELWATCH_CLICKHOUSE_USER, value: {{ (eq $role "page" | ternary $values.clickhouse.importer $values.clickhouse.user) | quote }} }
- { name: FUNNELWATCH_CLICKHOUSE_READER, value: {{ $values.clickhouse.reader | quote }} }
{{- with $values.clickhouse.cluster }}
- { name: FUNNELWATCH_CLICKHOUSE_CLUSTER, value: {{ . | quote }} }
{{- end }}
{{- if $values.clickhouse.ca.secret }}
- { name: FUNNELWATCH_CLICKHOUSE_CA, value: /run/clickhouse/ca.crt }
{{- end }}
{{- range include "funnelwatch.secretsOf" $role | fromJsonArray }}
- { name: FUNNELWATCH_{{ . | replace "_importer" "" | upper }}_FILE, value: /run/secrets/funnelwatch/{{ . }} }
{{- end }}
{{- if and $values.smtp.existingSecret (has $role (list "notifier" "digests")) }}
- { name: FUNNELWATCH_SMTP_URL_FILE, value: /run/smtp/url }
{{- end }}
{{- if eq $role "collector" }}
- { name: FUNNELWATCH_COLLECTOR_HOST, value: 0.0.0.0 }
{{- end }}
{{- if eq $role "page" }}
- { name: FUNNELWATCH_PAGE_HOST, value: 0.0.0.0 }
{{- if $values.pageTokens.existingSecret }}
- { name: FUNNELWATCH_PAGE_TOKENS_FILE, value: /run/page-tokens/page_tokens }
{{- end }}
{{- end }}
{{- if and $values.trustedProxies (has $role (list "collector" "page")) }}
- { name: FUNNELWATCH_TRUSTED_PROXIES, value: {{ $values.trustedProxies | quote }} }
{{- end }}
{{- range $name, $value := $values.settings }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}

{{- define "funnelwatch.mounts" -}}
- { name: config, mountPath: /etc/funnelwatch, readOnly: true }
- { name: data, mountPath: /data }
- { name: tmp, mountPath: /tmp }
{{- if include "funnelwatch.secretsOf" .role | fromJsonArray }}
- { name: secrets, mountPath: /run/secrets/funnelwatch, readOnly: true }
{{- end }}
- { name: kafka, mountPath: /run/kafka, readOnly: true }
{{- if .root.Values.clickhouse.ca.secret }}
- { name: clickhouse, mountPath: /run/clickhouse, readOnly: true }
{{- end }}
{{- if and .root.Values.writeKeys.existingSecret (eq .role "collector") }}
- { name: write-keys, mountPath: /run/write-keys, readOnly: true }
{{- end }}
{{- if and .root.Values.receivers.existingSecret (has .role (list "notifier" "digests" "sources" "page")) }}
- { name: receivers, mountPath: /run/receivers, readOnly: true }
{{- end }}
{{- if and .root.Values.pageTokens.existingSecret (eq .role "page") }}
- { name: page-tokens, mountPath: /run/page-tokens, readOnly: true }
{{- end }}
{{- if and .root.Values.smtp.existingSecret (has .role (list "notifier" "digests")) }}
- { name: smtp, mountPath: /run/smtp, readOnly: true }
{{- end }}
{{- end }}

{{- define "funnelwatch.volumes" -}}
{{- $values := .root.Values }}
- name: config
  configMap:
    name: {{ $values.config.existingConfigMap | default (include "funnelwatch.name" .root) }}
    items: [{ key: {{ $values.config.key }}, path: funnelwatch.yaml }]
- { name: tmp, emptyDir: {} }
{{- if not (hasKey (get $values.roles .role | default dict) "storage") }}
- { name: data, emptyDir: {} }
{{- end }}
{{- with include "funnelwatch.secretsOf" .role | fromJsonArray }}
- name: secrets
  secret:
    secretName: {{ $values.secrets.existingSecret }}
    defaultMode: 0440
    items:
      {{- range . }}
      - { key: {{ . }}, path: {{ . }} }
      {{- end }}
{{- end }}
- name: kafka
  projected:
    defaultMode: 0440
    sources:
      {{- if hasPrefix "SASL_" $values.kafka.securityProtocol }}
      - secret: { name: {{ $values.kafka.password.secret }}, items: [{ key: {{ $values.kafka.password.key }}, path: password }] }
      {{- end }}
      {{- if and $values.kafka.ca.secret (hasSuffix "SSL" $values.kafka.securityProtocol) }}
      - secret: { name: {{ $values.kafka.ca.secret }}, items: [{ key: {{ $values.kafka.ca.key }}, path: ca.crt }] }
      {{- end }}
      {{- with $values.kafka.clientCertificate }}
      {{- if .secret }}
      - secret: { name: {{ .secret }}, items: [{ key: {{ .certificate }}, path: client.crt }, { key: {{ .key }}, path: client.key }] }
      {{- end }}
      {{- end }}
{{- with $values.clickhouse.ca }}
{{- if .secret }}
- { name: clickhouse, secret: { secretName: {{ .secret }}, items: [{ key: {{ .key }}, path: ca.crt }] } }
{{- end }}
{{- end }}
{{- if and $values.writeKeys.existingSecret (eq .role "collector") }}
- { name: write-keys, secret: { secretName: {{ $values.writeKeys.existingSecret }}, defaultMode: 0440 } }
{{- end }}
{{- if and $values.receivers.existingSecret (has .role (list "notifier" "digests" "sources" "page")) }}
- { name: receivers, secret: { secretName: {{ $values.receivers.existingSecret }}, defaultMode: 0440 } }
{{- end }}
{{- if and $values.pageTokens.existingSecret (eq .role "page") }}
- { name: page-tokens, secret: { secretName: {{ $values.pageTokens.existingSecret }}, defaultMode: 0440, items: [{ key: {{ $values.pageTokens.key }}, path: page_tokens }] } }
{{- end }}
{{- if and $values.smtp.existingSecret (has .role (list "notifier" "digests")) }}
- { name: smtp, secret: { secretName: {{ $values.smtp.existingSecret }}, defaultMode: 0440, items: [{ key: {{ $values.smtp.key }}, path: url }] } }
{{- end }}
{{- end }}

{{/* what all pods share */}}
{{- define "funnelwatch.pod" -}}
serviceAccountName: {{ include "funnelwatch.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "funnelwatch.container" -}}
image: {{ include "funnelwatch.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}
