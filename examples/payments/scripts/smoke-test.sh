#!/usr/bin/env bash
# Asks the deployed service through its public address: the right version answers, and a request is understood.
#
#   scripts/smoke-test.sh URL VERSION
#
# Exit codes: 0 well, 1 not well, 2 wrong arguments. Nothing is charged.
set -euo pipefail

if [[ $# -ne 2 ]]; then
  echo "usage: scripts/smoke-test.sh URL VERSION" >&2
  exit 2
fi
headers="$(curl --silent --show-error --max-time 10 --retry 3 --retry-connrefused --output /dev/null --dump-header - \
  --write-out 'status: %{http_code}\n' "$1/payment/smoke-test")"
found="$(tr -d '\r' <<<"${headers}" | awk 'tolower($1) == "x-payments-version:" { print $2 }')"
status="$(awk '$1 == "status:" { print $2 }' <<<"${headers}")"
if [[ "${status}" != "404" && "${status}" != "200" ]]; then
  echo "smoke test: wanted 404 or 200 for an order that may not exist, found ${status}" >&2
  exit 1
fi
if [[ "${found}" != "$2" ]]; then
  echo "smoke test: wanted version $2, found ${found:-none}" >&2
  exit 1
fi
echo "smoke test: version ${found} answers at $1"
