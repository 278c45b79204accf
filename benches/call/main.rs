//! What one call costs: through the sandbox and its gate, by native clients, and by what a user would pick
//! instead. All make the same call, to the same upstream.
//!
//! Every contestant is a process of its own, on one processor; the upstream has another. In every round
//! each of them is measured once, and each round begins with another one, so that what else the machine
//! does falls on all alike.
//!
//! `--only NAME` has only this contestant take part, beside hyper; it may be given again.

mod contest;
mod figures;
mod own;
mod rival;

use std::time::Duration;

use actionbox_benches::{processors, quick, upstream};
use anyhow::Context as _;

/// How many calls are made at once.
const CONCURRENCIES: [usize; 4] = [1, 8, 32, 128];

/// How long is measured, and how often.
#[derive(Clone, Copy)]
struct Pace {
    rounds: usize,
    round: Duration,
    /// Before the rounds of a concurrency, so that connections and pools are there.
    warm_up: Duration,
}

impl Pace {
    fn new(quick: bool) -> Self {
        let millis = Duration::from_millis;
        match quick {
            true => Self { rounds: 3, round: millis(150), warm_up: millis(50) },
            false => Self { rounds: 7, round: millis(700), warm_up: millis(300) },
        }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.get(1).is_some_and(|first| first == "contestant") {
        return own::take_part(arguments.get(2).context("which contestant?")?);
    }
    let only = arguments.windows(2).filter(|pair| pair[0] == "--only");
    let only: Vec<_> = only.map(|pair| pair[1].as_str()).collect();
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    let processors = processors::pair()?;
    // Before there are threads: they stay where their process is.
    processors::move_to(processors.upstream)?;
    let upstream = format!("http://{}", upstream::start()?);
    let pace = Pace::new(quick());
    let wanted = |name: &str| only.is_empty() || only.contains(&name);
    let mut rivals = rival::start(&upstream, processors.contestant, wanted)?;
    let results = contest::hold(&mut rivals, pace)?;
    figures::keep(&results, pace, load)
}
