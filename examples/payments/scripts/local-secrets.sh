#!/usr/bin/env bash
# Writes random credentials for compose.yaml into .secrets/, which git ignores. Existing ones are kept.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 077
mkdir -p .secrets
if [[ -e .secrets/postgres-password ]]; then
  echo "kept: .secrets/postgres-password" >&2
  exit 0
fi
password="$(openssl rand -hex 24)"
printf 'postgresql://payments:%s@database/payments\n' "${password}" >.secrets/database-url
printf '%s' "${password}" >.secrets/postgres-password
# Compose mounts the files with their owner and mode; the service runs as user 10001 and must be able to read its own.
chmod 0444 .secrets/database-url .secrets/postgres-password
chmod 0711 .secrets
