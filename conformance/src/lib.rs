//! The conformance kit: finds out whether a plugin keeps its contract.
//!
//! Runs a component against a sandbox server, through the real gate, and reports case by case: what it lists
//! and describes, what it makes of every answer and every failure of the upstream, and whether it asks for
//! what no plugin gets. Made for plugin authors (`actionbox test`), for CI, and for platforms that look at
//! a plugin when it is uploaded.
//!
//! A plugin that does not pass on the upstream's actions is judged by what it has: cases that need one are
//! skipped, and say so.
//!
//! ```no_run
//! use actionbox_conformance::Conformance;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let report = Conformance::new().run(std::fs::read("plugin.wasm")?).await?;
//! for case in report.broken() {
//!     println!("{}: {}", case.group, case.claim);
//! }
//! assert!(report.is_held());
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod audit;
mod cases;
mod expect;
mod kit;
mod measure;
mod report;
mod sample;
mod stage;

pub use kit::{Conformance, KitError};
pub use measure::{Cost, Measures};
pub use report::{CaseReport, Report, Verdict};
