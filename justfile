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

# The tests of the service on a PostgreSQL server of their own (Debian package postgresql).
test-postgres:
    tests/with-postgres cargo test --locked --workspace --test service

# Puts load on a service for some minutes, and tells how it went.
load SECONDS="180" CALLERS="32":
    cargo run --release --locked --workspace --bin load -- {{SECONDS}} {{CALLERS}}

# Formatting and lints.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Licences, versions and sources of all dependencies (cargo install --locked cargo-deny).
deny:
    cargo deny --all-features check licenses bans sources

# Known vulnerabilities in dependencies. Fetches the RustSec database from GitHub.
advisories:
    cargo deny --all-features check advisories

# Fuzzes one target: route, screen, values, load or answers (cargo install --locked cargo-fuzz).
fuzz TARGET SECONDS="300":
    cd fuzz && cargo fuzz run {{TARGET}} --sanitizer none -- -max_total_time={{SECONDS}} -max_len=8192 -timeout=20 -rss_limit_mb=4096

# Builds and tests the example plugins of all languages, with pinned tools that it installs, and judges them by the conformance kit.
plugins:
    .ci/plugins

# The same, and writes docs/languages.md, with a release build of the host.
languages:
    LANGUAGES_PROFILE=release .ci/plugins docs/languages.md
    .ci/first-plugin >>docs/languages.md

# How long an author takes from `actionbox new` to a green `actionbox test`, in each language.
first-plugin:
    .ci/first-plugin

# Renders the book to target/book (cargo install --locked mdbook).
book:
    mdbook build

# Makes the pictures of docs/pictures anew from what the command prints.
pictures:
    ACTIONBOX_UPDATE_PICTURES=1 cargo test -p actionbox --test command pictures

# The console of the service in headless Chromium; CONSOLE_SCREENSHOTS=docs/images makes the pictures of the book anew.
console:
    tests/console/run

# The protocol's own client against `actionbox mcp` and `actionbox serve` (Node.js 20 or newer).
mcp-client:
    tests/mcp-client/run

# Counts the instructions of the gate's stages anew (Debian package valgrind); CI compares them.
counts:
    cargo test --locked --workspace --bench counts -- --update

# All benchmarks, and docs/performance.md with their figures. `--quick` tries them out and leaves the page alone.
bench *ARGS:
    benches/run {{ARGS}}
