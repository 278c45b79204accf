//! What the benchmarks share: an upstream that costs next to nothing, a native client, and figures that become
//! tables and plots.

pub mod client;
pub mod figure;
pub mod process;
pub mod rounds;
pub mod upstream;
