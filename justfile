# Recipes for people; CI calls the same commands through .ci/run.

# List the recipes.
default:
    @just --list

# Everything that CI checks.
ci:
    .ci/run

# The main job in one go.
demo:
    cargo run -- demo

# All tests, documentation tests included.
test:
    cargo test

# Formatting and lints.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# What a call costs beside a native client.
bench:
    cargo bench -p actionbox-benches
