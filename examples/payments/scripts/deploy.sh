#!/usr/bin/env bash
# Applies an overlay and waits until the new version serves. Takes it back when it does not.
#
#   scripts/deploy.sh CONTEXT ENVIRONMENT        (ENVIRONMENT: staging or production)
#
# Exit codes: 0 deployed, 1 not deployed (the previous version serves), 2 wrong arguments.
set -euo pipefail

if [[ $# -ne 2 || ! "$2" =~ ^(staging|production)$ ]]; then
  echo "usage: scripts/deploy.sh CONTEXT staging|production" >&2
  exit 2
fi
context="$1"
environment="$2"
namespace="payments-${environment}"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

manifests="$(mktemp)"
trap 'rm -f "${manifests}"' EXIT
kubectl kustomize "${root}/deploy/kustomize/overlays/${environment}" >"${manifests}"

# The server is asked first, so that a mistake changes nothing. A namespace that is not there yet has to be made before.
if ! kubectl --context "${context}" get namespace "${namespace}" >/dev/null; then
  echo "deploy: namespace ${namespace} is missing; create it from deploy/staging/namespace.yaml or its like" >&2
  exit 1
fi
kubectl --context "${context}" --namespace "${namespace}" apply --dry-run=server --filename "${manifests}" >/dev/null
kubectl --context "${context}" --namespace "${namespace}" apply --filename "${manifests}"

# New pods become ready when the migration job is done; until then, and if they never do, the old ones serve.
if ! kubectl --context "${context}" --namespace "${namespace}" rollout status deployment/payments --timeout 10m; then
  echo "deploy: the new version did not become ready" >&2
  "${root}/scripts/rollback.sh" "${context}" "${environment}"
  exit 1
fi
