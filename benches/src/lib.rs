//! What the benchmarks share: an upstream that costs next to nothing, and figures that become tables and plots.

pub mod figure;
pub mod upstream;
