#!/usr/bin/env bash
# Back to the previous version, or to a revision of `kubectl rollout history`. The database stays as it is:
# migrations only expand the schema, so the previous version works on it.
#
#   scripts/rollback.sh CONTEXT ENVIRONMENT [REVISION]
#
# Exit codes: 0 rolled back, 1 not rolled back, 2 wrong arguments.
set -euo pipefail

if [[ $# -lt 2 || $# -gt 3 || ! "$2" =~ ^(staging|production)$ || ! "${3:-0}" =~ ^[0-9]+$ ]]; then
  echo "usage: scripts/rollback.sh CONTEXT staging|production [REVISION]" >&2
  exit 2
fi
context="$1"
namespace="payments-$2"

kubectl --context "${context}" --namespace "${namespace}" rollout undo deployment/payments --to-revision "${3:-0}"
kubectl --context "${context}" --namespace "${namespace}" rollout status deployment/payments --timeout 5m
