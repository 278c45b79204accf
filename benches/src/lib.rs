//! What the benchmarks share: an upstream that costs next to nothing, a native client, and figures that become
//! tables and plots.

pub mod client;
pub mod figure;
pub mod process;
pub mod processors;
pub mod rounds;
pub mod upstream;

/// Whether this benchmark was asked to be quick, by `--quick`: a few short rounds, to try it out. Such
/// figures are kept like others, and mean little.
pub fn quick() -> bool {
    std::env::args().any(|argument| argument == "--quick")
}
