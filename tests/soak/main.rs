//! A long time of honest and hostile calls at once, after which the process holds what it held before:
//! files, threads, memory, and every slot that a call can take.
//!
//! A short form runs with all tests. `ACTIONBOX_SOAK_SECONDS=180 cargo test -p actionbox-tests --test soak`
//! runs longer; the seed is printed, and `ACTIONBOX_SEED` sets it.

mod calls;
mod crowd;
mod process;
mod slots;
mod stage;
mod tally;
mod upstreams;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use actionbox_tests::tricks::TRICKS;
use fastrand::Rng;
use tokio::task::JoinSet;

use crate::{
    calls::{Kind, kinds},
    process::Holdings,
    stage::{IDLE, Round, Stage},
};

/// Calls that are made at once: more than can run.
const CALLERS: usize = 32;
/// How long a round of tenants, liars and plugins lasts.
const ROUND: Duration = Duration::from_secs(2);
/// By how much memory may differ: what the allocator keeps, and how deep each stack was ever used, depends
/// on the order of things. What one round leaves for good adds up to more within minutes.
const MARGIN_KIB: usize = 24 << 10;

#[test]
fn a_host_ends_where_it_began() {
    let set = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = set("ACTIONBOX_SEED").unwrap_or_else(|| fastrand::u64(..));
    let soak = Duration::from_secs(set("ACTIONBOX_SOAK_SECONDS").unwrap_or(2));
    println!("seed {seed}, {soak:?}");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_keep_alive(IDLE)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (stage, mut random) = (Arc::new(Stage::set().await), Rng::with_seed(seed));
        let mut soaked = Soaked::default();
        // Until everything that is made once and kept has been made.
        soaked.run(&stage, soak / 3, &mut random).await;
        crowd::come_and_go(&stage).await;
        slots::all_can_be_taken(&stage).await;
        let before = rest(&stage).await;
        println!("before: {before:?}, {soaked:?}");

        soaked.run(&stage, soak, &mut random).await;
        crowd::come_and_go(&stage).await;
        let sums = stage.tally.ended(stage.begun.load(SeqCst)).await;
        assert!(soaked.arrived as u64 <= sums.attempts, "seed {seed}: requests that nobody sent");
        let after = rest(&stage).await;
        println!("after:  {after:?}, {soaked:?}, {} requests, {} tokens", sums.requests, sums.tokens);

        slots::all_can_be_taken(&stage).await;
        assert_eq!(after.files, before.files, "seed {seed}: files, {soaked:?}");
        assert_eq!(after.threads, before.threads, "seed {seed}: threads, {soaked:?}");
        let grown = after.resident_kib.saturating_sub(before.resident_kib);
        assert!(grown <= MARGIN_KIB, "seed {seed}: memory grew by {grown} KiB, {soaked:?}");
    });
}

/// Waits until nothing is going on any more, and counts what is held.
async fn rest(stage: &Stage) -> Holdings {
    stage.tally.ended(stage.begun.load(SeqCst)).await;
    // One component is compiled at a time: after this one, no load that was given up is going on.
    assert!(stage.host.load(&TRICKS[..8]).await.is_err(), "the beginning of a plugin is none");
    let (began, mut since, mut last) = (Instant::now(), Instant::now(), Holdings::now());
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    // The kernel tells nobody when a thread or a socket is gone.
    while since.elapsed() < 2 * IDLE || stage.sandbox.open_connections() > 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "it does not come to rest: {last:?}");
        tick.tick().await;
        let now = Holdings::now();
        if (now.files, now.threads) != (last.files, last.threads) {
            since = Instant::now();
        }
        last = now;
    }
    last
}

/// What was done so far.
#[derive(Debug, Default)]
struct Soaked {
    rounds: usize,
    calls: usize,
    dropped: usize,
    /// Requests that arrived at upstreams that lie.
    arrived: usize,
}

impl Soaked {
    /// Plays rounds for a time.
    async fn run(&mut self, stage: &Arc<Stage>, time: Duration, random: &mut Rng) {
        let (began, mut shown) = (Instant::now(), Instant::now());
        while began.elapsed() < time {
            self.rounds += 1;
            let round = Arc::new(stage.round(self.rounds, random).await);
            self.play(stage, &round, random).await;
            self.arrived += round.liars.asked();
            if shown.elapsed() > Duration::from_secs(30) {
                shown = Instant::now();
                println!("in the middle: {:?}, {self:?}", Holdings::now());
            }
        }
    }

    async fn play(&mut self, stage: &Arc<Stage>, round: &Arc<Round>, random: &mut Rng) {
        let end = Instant::now() + ROUND;
        let (kinds, dropped) = (Arc::new(kinds()), Arc::new(AtomicUsize::new(0)));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (stage, round, kinds) = (stage.clone(), round.clone(), kinds.clone());
            let (mut random, dropped) = (random.fork(), dropped.clone());
            callers.spawn(async move {
                let mut calls = 0;
                while Instant::now() < end {
                    let kind = random.choice(kinds.iter()).expect("kinds");
                    dropped.fetch_add(usize::from(!call(&stage, &round, kind, &mut random).await), SeqCst);
                    calls += 1;
                }
                calls
            });
        }
        let meddling = meddle(stage, random);
        let (calls, ()) = tokio::join!(callers.join_all(), meddling);
        self.calls += calls.iter().sum::<usize>();
        self.dropped += dropped.load(SeqCst);
    }
}

/// Makes one call, or begins it and drops it at some point; tells whether it came to its end.
async fn call(stage: &Stage, round: &Round, kind: &Kind, random: &mut Rng) -> bool {
    let tenant = random.choice(&round.tenants).expect("tenants");
    let grant = tenant.grant(kind.at, random);
    stage.begin();
    let playing = kind.play(&round.plugins, grant);
    let ended = match random.u8(..4) {
        // Polled at least once, however short the time is.
        0 => tokio::time::timeout(Duration::from_micros(random.u64(..60_000)), playing).await.ok(),
        _ => Some(playing.await),
    };
    let Some(ended) = ended else { return false };
    if let Err(why) = kind.check(&ended, &tenant.own) {
        panic!("{why}");
    }
    true
}

/// Does what is done beside calls: loads what is no plugin, gives up a load, and revokes session tokens.
async fn meddle(stage: &Stage, random: &mut Rng) {
    stage.sandbox.revoke_session_tokens();
    let cut = TRICKS[..random.usize(9..TRICKS.len() / 2)].to_vec();
    for (what, bytes) in [("nothing", vec![]), ("a module", b"\0asm\x01\0\0\0".to_vec()), ("a part", cut)] {
        assert!(stage.host.load(bytes).await.is_err(), "{what} is no plugin");
    }
    let patience = Duration::from_micros(random.u64(..50_000));
    // It goes on without anyone waiting for it.
    let _given_up = tokio::time::timeout(patience, stage.host.load(TRICKS)).await;
}
