#!/usr/bin/env bash
# Makes contract/, the types of the WIT, with jco 1.35.0. Plugin authors need not run it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -RL ../../wit "$work/wit"
cp world.wit "$work/wit/javascript.wit"

# jco 1.35.0 does not start beside a later preview2-shim.
cat > "$work/package.json" <<'JSON'
{
  "private": true,
  "dependencies": { "@bytecodealliance/jco": "1.35.0" },
  "overrides": { "@bytecodealliance/preview2-shim": "0.26.0" }
}
JSON
npm install --prefix "$work" --no-audit --no-fund --loglevel=error
rm -rf contract
"$work/node_modules/.bin/jco" guest-types "$work/wit" --world-name javascript --out-dir contract --quiet
