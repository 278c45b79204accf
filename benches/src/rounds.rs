//! Rounds: how long they are, and what one call cost in them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

use crate::process;

/// How many rounds there are of everything, and how long each takes.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// How many.
    pub count: usize,
    /// How long at least.
    pub length: Duration,
    /// Whether they only show that the benchmark works.
    pub quick: bool,
}

impl Rounds {
    /// Takes these, or few and short ones when the benchmark was started with `--quick`. Other arguments are
    /// cargo's own.
    pub fn of_arguments(count: usize, length: Duration) -> Self {
        if is_quick() {
            Self { count: 2, length: Duration::from_millis(60), quick: true }
        } else {
            Self { count, length, quick: false }
        }
    }
}

/// Tells whether the benchmark was started with `--quick`.
pub fn is_quick() -> bool {
    std::env::args().any(|argument| argument == "--quick")
}

/// What one call cost, in the median of the rounds.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Microseconds from beginning to end.
    pub wall: f64,
    /// The least and the most of the rounds.
    pub spread: (f64, f64),
    /// Microseconds of processor time that this process took for it, all its threads together.
    pub cpu: f64,
}

impl Cost {
    /// Takes the medians of several rounds.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn of_rounds(rounds: &[Round]) -> anyhow::Result<Self> {
        let sorted = |value: fn(&Round) -> f64| {
            let mut all: Vec<_> = rounds.iter().map(value).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let (wall, cpu) = (sorted(|round| round.wall), sorted(|round| round.cpu));
        let spread = wall.first().copied().zip(wall.last().copied()).context("no round was measured")?;
        Ok(Self { wall: wall[wall.len() / 2], spread, cpu: cpu[cpu.len() / 2] })
    }
}

/// Times something short: repeats it for the time of each round, and returns the nanoseconds of one, round by round.
pub fn time<T>(rounds: Rounds, mut work: impl FnMut() -> T) -> Vec<f64> {
    // As often as takes a hundredth of a round, so that to read the clock costs nothing.
    let mut batch = 1u64;
    loop {
        let began = Instant::now();
        for _ in 0..batch {
            std::hint::black_box(work());
        }
        if began.elapsed() * 100 >= rounds.length {
            break;
        }
        batch *= 2;
    }
    let round = || {
        let (began, mut times) = (Instant::now(), 0);
        while began.elapsed() < rounds.length {
            for _ in 0..batch {
                std::hint::black_box(work());
            }
            times += batch;
        }
        began.elapsed().as_secs_f64() * 1e9 / times as f64
    };
    std::iter::repeat_with(round).take(rounds.count).collect()
}

/// What one call cost in one round, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    wall: f64,
    cpu: f64,
}

/// Makes one call after the other for the time of a round, once at least. Each call learns its number.
///
/// # Errors
///
/// When a call fails.
pub async fn round<F: Future<Output = anyhow::Result<()>>>(
    length: Duration,
    call: impl Fn(usize) -> F,
) -> anyhow::Result<Round> {
    let (began, cpu) = (Instant::now(), process::cpu_time()?);
    let mut calls = 0;
    while calls == 0 || began.elapsed() < length {
        call(calls).await?;
        calls += 1;
    }
    Round::of(calls, began.elapsed(), process::cpu_time()?.saturating_sub(cpu))
}

/// Makes calls for the time of a round, for all callers at once: each call is followed by the next.
///
/// # Errors
///
/// When a call fails.
pub async fn crowd<C: Clone + Send + 'static, F: Future<Output = anyhow::Result<()>> + Send + 'static>(
    length: Duration,
    callers: Vec<C>,
    call: impl Fn(C) -> F + Clone + Send + 'static,
) -> anyhow::Result<Round> {
    let (began, cpu) = (Instant::now(), process::cpu_time()?);
    let mut rounds = JoinSet::new();
    for caller in callers {
        let call = call.clone();
        rounds.spawn(async move {
            let mut calls = 0;
            while calls == 0 || began.elapsed() < length {
                call(caller.clone()).await?;
                calls += 1;
            }
            anyhow::Ok(calls)
        });
    }
    let mut calls = 0;
    while let Some(made) = rounds.join_next().await {
        calls += made??;
    }
    Round::of(calls, began.elapsed(), process::cpu_time()?.saturating_sub(cpu))
}

impl Round {
    fn of(calls: usize, wall: Duration, cpu: Duration) -> anyhow::Result<Self> {
        ensure!(calls > 0, "no call was made");
        let per_call = |time: Duration| time.as_secs_f64() * 1e6 / calls as f64;
        Ok(Self { wall: per_call(wall), cpu: per_call(cpu) })
    }

    /// Returns how many calls ended in a second.
    pub fn rate(&self) -> f64 {
        1e6 / self.wall
    }

    /// Returns the microseconds of processor time of a call.
    pub fn cpu(&self) -> f64 {
        self.cpu
    }
}
