//! The rounds.

use actionbox_contestant::{Order, Showing};

use crate::{CONCURRENCIES, Pace, rival::Rival};

/// What a contestant showed at one concurrency, round by round.
pub(crate) struct Result {
    pub(crate) name: String,
    pub(crate) concurrency: usize,
    pub(crate) rounds: Vec<Showing>,
}

/// Has all contestants call, round by round, at one concurrency after the other.
pub(crate) fn hold(rivals: &mut [Rival], pace: Pace) -> anyhow::Result<Vec<Result>> {
    let mut results = Vec::new();
    for concurrency in CONCURRENCIES {
        let order = |time: std::time::Duration| Order { concurrency, millis: time.as_millis() as u64 };
        for rival in &mut *rivals {
            rival.ask(order(pace.warm_up))?;
        }
        let mut rounds = vec![Vec::new(); rivals.len()];
        for round in 0..pace.rounds {
            eprintln!("{concurrency} at once, round {} of {}", round + 1, pace.rounds);
            for turn in 0..rivals.len() {
                let next = (round + turn) % rivals.len();
                rounds[next].push(rivals[next].ask(order(pace.round))?);
            }
        }
        let ended = rivals.iter().zip(rounds);
        results.extend(ended.map(|(rival, rounds)| Result { name: rival.name.clone(), concurrency, rounds }));
    }
    Ok(results)
}
