#!/usr/bin/env bash
# The image that an overlay deploys carries a signature of this repository's ci workflow on main.
#
#   scripts/verify-image.sh ENVIRONMENT
#
# Exit codes: 0 signed by us, anything else is not.
set -euo pipefail

if [[ $# -ne 1 || ! "$1" =~ ^(staging|production)$ ]]; then
  echo "usage: scripts/verify-image.sh staging|production" >&2
  exit 2
fi
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
digest="$(awk '$1 == "digest:" { print $2 }' "${root}/deploy/kustomize/overlays/$1/kustomization.yaml")"
if [[ ! "${digest}" =~ ^sha256:[0-9a-f]{64}$ ]]; then
  echo "verify-image: no digest in the overlay $1" >&2
  exit 1
fi
cosign verify "registry.example.com/shop/payments@${digest}" \
  --certificate-oidc-issuer https://git.example.com/_services/token \
  --certificate-identity https://git.example.com/shop/payments/.github/workflows/ci.yml@refs/heads/main \
  --output text >/dev/null
echo "verify-image: ${digest} is signed by the ci workflow"
