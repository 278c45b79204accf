#!/bin/sh
# Makes everything in this folder that is not written by hand, from the contract in ../../wit: the bindings,
# the runtime they need, and the adapter. Plugin authors need none of it.
#
# Needs cargo, and gofmt of the Go that examples/go/requirements.txt names, on the PATH.
set -eu
cd "$(dirname "$0")"

WIT_BINDGEN=0.63.0
ADAPTER=50.0.1

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
cargo install --locked --quiet --profile dev "wit-bindgen-cli@$WIT_BINDGEN" --root "$tools"
(
    cd "$tools"
    cargo init --quiet --lib --name sources sources
    cd sources
    cargo add --quiet "wit-bindgen-go@=$WIT_BINDGEN" "wasi-preview1-component-adapter-provider@=$ADAPTER"
    cargo vendor --quiet vendor >config.toml
)
vendor=$tools/sources/vendor

# The packages that call the host compile for it alone. The empty assembler files beside them let Go accept
# functions without a body on other targets.
bindings=internal/bindings
rm -rf $bindings/imports $bindings/exports/wit_exports
"$tools/bin/wit-bindgen" go --quiet --world plugin --pkg-name actionbox/$bindings --out-dir $bindings ../../wit
find $bindings -name empty.s -delete
# Nothing here waits on a clock.
rm -r $bindings/imports/wasi_clocks_monotonic_clock $bindings/imports/actionbox_plugin_actions

rm -rf internal/wit
mkdir -p internal/wit/runtime internal/wit/types
runtime=$vendor/wit-bindgen-go/src/pkg
cp "$runtime/LICENSE" internal/wit/
cp "$runtime/wit/runtime/runtime.go" internal/wit/runtime/
for type in option result tuple unit; do cp "$runtime/wit/types/$type.go" internal/wit/types/; done

find $bindings internal/wit -name '*.go' | while read -r file; do
    sed -i 's#go\.bytecodealliance\.org/pkg/wit#actionbox/internal/wit#' "$file"
    if grep -q '^//go:wasm' "$file"; then
        { printf '//go:build wasm\n\n'; cat "$file"; } >"$file.new"
        mv "$file.new" "$file"
    fi
done
gofmt -w $bindings internal/wit

mkdir -p adapter
cp "$vendor/wasi-preview1-component-adapter-provider/artefacts/wasi_snapshot_preview1.reactor.wasm" adapter/
(cd adapter && sha256sum wasi_snapshot_preview1.reactor.wasm >SHA256SUMS)
