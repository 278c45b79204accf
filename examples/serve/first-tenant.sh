#!/bin/sh
# Sets up the first tenant of a service: a plugin, a credential, a grant, and a key for the product that calls it.
# Wants URL (of the service), ADMIN (the administrator's key, as the first start shows it), PLUGIN (a component), and
# KEY and ACCOUNT (of the upstream); BASE_URL where that is not the public one.
set -eu

api() {
  method=$1 path=$2
  shift 2
  curl --silent --show-error --fail-with-body -X "$method" "$URL/v1/$path" -H "x-api-key: $ADMIN" "$@"
  echo
}

api PUT tenants/acme
digest=$(api POST plugins --data-binary "@$PLUGIN" | cut -d '"' -f 4)
api PUT tenants/acme/credentials/refold -d "{\"kind\": \"api_key\", \"account\": \"$ACCOUNT\", \"key\": \"$KEY\"}"
api PUT tenants/acme/grants/hubspot -d "{
  \"plugin\": \"$digest\",
  \"credential\": \"refold\",
  \"base_url\": \"${BASE_URL:-https://app.refold.ai}\",
  \"allow\": [{ \"app\": \"hubspot\", \"read\": true, \"actions\": [{ \"id\": \"create_contact\" }] }]
}"
api POST keys -d '{"name": "product", "role": "caller"}'
