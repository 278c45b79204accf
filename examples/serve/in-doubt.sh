#!/bin/sh
# Lists what is in doubt; with an id and `true` or `false`, settles it: whether it ran, as somebody has found out.
# Wants URL (of the service) and ADMIN (an administrator's key).
set -eu

if [ $# -eq 0 ]; then
  curl --silent --show-error --fail-with-body "$URL/v1/executions?state=in_doubt" -H "x-api-key: $ADMIN"
else
  curl --silent --show-error --fail-with-body "$URL/v1/executions/$1/settle" -H "x-api-key: $ADMIN" \
    -d "{\"ran\": $2, \"note\": \"looked up by hand\"}"
fi
