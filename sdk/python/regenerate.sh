#!/bin/sh
# Makes bindings/ from the WIT, with componentize-py 0.25.1: the stubs that type checkers and native tests
# read. The component itself gets its bindings when it is built.
#
# Usage: sdk/regenerate.sh COMPONENTIZE_PY WIT, such as sdk/regenerate.sh .venv/bin/componentize-py wit
set -eu

tool=${1:?usage: regenerate.sh COMPONENTIZE_PY WIT}
wit=${2:?usage: regenerate.sh COMPONENTIZE_PY WIT}
bindings=$(dirname "$0")/bindings

version=$("$tool" --version)
if [ "$version" != "componentize-py 0.25.1" ]; then
    echo "the bindings are made with componentize-py 0.25.1, and this is $version: run make setup" >&2
    exit 1
fi

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$tool" --quiet --wit-path "$wit" --world plugin bindings "$made"
rm -rf "$bindings"
mkdir "$bindings"
# The rest is for worlds with async functions.
mv "$made/wit_world" "$made/componentize_py_types.py" "$bindings"
