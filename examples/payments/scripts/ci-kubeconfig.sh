#!/usr/bin/env bash
# Logs a workflow in to a cluster with the short-lived identity token of its job. No key is stored anywhere.
#
#   scripts/ci-kubeconfig.sh CONTEXT SERVER CA_BASE64
set -euo pipefail

if [[ $# -ne 3 ]]; then
  echo "usage: scripts/ci-kubeconfig.sh CONTEXT SERVER CA_BASE64" >&2
  exit 2
fi
: "${ACTIONS_ID_TOKEN_REQUEST_URL:?the job needs the permission id-token: write}"
: "${ACTIONS_ID_TOKEN_REQUEST_TOKEN:?the job needs the permission id-token: write}"
umask 077
# The header goes through a file descriptor, so that no process list shows it.
token="$(curl --silent --show-error --fail --max-time 20 \
  --header @<(printf 'Authorization: bearer %s' "${ACTIONS_ID_TOKEN_REQUEST_TOKEN}") \
  "${ACTIONS_ID_TOKEN_REQUEST_URL}&audience=kubernetes" | python3 -c 'import json, sys; print(json.load(sys.stdin)["value"])')"
echo "::add-mask::${token}"
config="${KUBECONFIG:-${HOME}/.kube/config}"
mkdir -p "$(dirname "${config}")"
cat >"${config}" <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: $1
    cluster:
      server: $2
      certificate-authority-data: $3
users:
  - name: deployer
    user:
      token: ${token}
contexts:
  - name: $1
    context:
      cluster: $1
      user: deployer
YAML
