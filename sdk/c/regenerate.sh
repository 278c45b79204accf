#!/bin/sh
# Makes the bindings from the contract in ../../wit. Plugin authors need none of it. Needs cargo.
set -eu
cd "$(dirname "$0")"

WIT_BINDGEN=0.63.0

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
cargo install --locked --quiet --profile dev "wit-bindgen-cli@$WIT_BINDGEN" --root "$tools"

rm -rf bindings
"$tools/bin/wit-bindgen" c --world plugin --no-object-file --out-dir bindings ../../wit
# The type of the component is not in an object file: wasm-tools takes it from the WIT.
sed -i '/^\/\/ Ensure that the \*_component_type.o object is linked in$/,$d' bindings/plugin.c
