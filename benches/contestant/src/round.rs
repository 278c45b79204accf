//! One round: calls for a time, so many at once, and what they took.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{Latencies, Order, Showing};

/// Makes the call once, as a future.
pub trait AsyncCall: Send + Sync + 'static {
    /// Ends when the answer is read and was checked.
    fn call(&self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Makes calls that block.
pub trait BlockingCall: Sync {
    /// What one caller keeps from call to call.
    type Caller: Send;

    /// Makes what one caller keeps.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    fn caller(&self) -> anyhow::Result<Self::Caller>;

    /// Makes the call once, and returns when the answer is read and was checked.
    ///
    /// # Errors
    ///
    /// When it fails.
    fn call(&self, caller: &mut Self::Caller) -> anyhow::Result<()>;
}

pub(crate) async fn of_futures<C: AsyncCall>(order: Order, call: &Arc<C>) -> anyhow::Result<Showing> {
    let stopwatch = Stopwatch::start(order)?;
    let callers: Vec<_> = (0..order.concurrency)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while stopwatch.runs() {
                    let before = Instant::now();
                    call.call().await?;
                    latencies.push(before.elapsed());
                }
                anyhow::Ok(latencies)
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.extend(caller.await??);
    }
    stopwatch.stop(latencies)
}

pub(crate) fn of_threads<C: BlockingCall>(order: Order, call: &C) -> anyhow::Result<Showing> {
    // What a caller keeps is there before the round begins, as a service has it.
    let made: Vec<_> = (0..order.concurrency).map(|_| call.caller()).collect::<Result<_, _>>()?;
    let stopwatch = Stopwatch::start(order)?;
    let latencies = std::thread::scope(|scope| {
        let threads: Vec<_> = made
            .into_iter()
            .map(|caller| scope.spawn(move || of_one_thread(stopwatch, call, caller)))
            .collect();
        let mut latencies = Vec::new();
        for thread in threads {
            latencies.extend(thread.join().map_err(|_| anyhow::anyhow!("a caller panicked"))??);
        }
        anyhow::Ok(latencies)
    })?;
    stopwatch.stop(latencies)
}

fn of_one_thread<C: BlockingCall>(
    stopwatch: Stopwatch,
    call: &C,
    mut caller: C::Caller,
) -> anyhow::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    while stopwatch.runs() {
        let before = Instant::now();
        call.call(&mut caller)?;
        latencies.push(before.elapsed());
    }
    Ok(latencies)
}

/// The time of a round, and the processor time of the process in it.
#[derive(Clone, Copy)]
struct Stopwatch {
    began: Instant,
    cpu: f64,
    round: Duration,
}

impl Stopwatch {
    fn start(order: Order) -> anyhow::Result<Self> {
        Ok(Self { cpu: cpu_seconds()?, began: Instant::now(), round: Duration::from_millis(order.millis) })
    }

    fn runs(&self) -> bool {
        self.began.elapsed() < self.round
    }

    fn stop(self, mut latencies: Vec<Duration>) -> anyhow::Result<Showing> {
        let seconds = self.began.elapsed().as_secs_f64();
        let cpu_seconds = cpu_seconds()? - self.cpu;
        latencies.sort_unstable();
        let last = latencies.len().checked_sub(1).context("no call ended in time")?;
        let at = |share: f64| latencies[(share * last as f64).round() as usize].as_secs_f64() * 1e6;
        let latencies_us = Latencies { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999) };
        Ok(Showing { calls: latencies.len() as u64, seconds, cpu_seconds, latencies_us })
    }
}

/// Returns the processor time that this process has used, its own and the kernel's for it: `proc` counts
/// it in hundredths of a second, on every architecture of Linux.
fn cpu_seconds() -> anyhow::Result<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program may hold spaces; after it, the 12th and the 13th are what is asked for.
    let (_, fields) = stat.rsplit_once(") ").context("no name")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Order = Order { concurrency: 3, millis: 30 };

    struct Spins;

    impl BlockingCall for Spins {
        type Caller = ();

        fn caller(&self) -> anyhow::Result<()> {
            Ok(())
        }

        fn call(&self, (): &mut ()) -> anyhow::Result<()> {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(1) {}
            Ok(())
        }
    }

    #[test]
    fn a_round_counts_its_calls_and_the_processor_time_they_took() {
        let showing = of_threads(ORDER, &Spins).expect("every call succeeds");
        assert!(showing.calls > 0 && showing.seconds >= 0.03, "{showing:?}");
        assert!(showing.cpu_seconds > 0.0, "{showing:?}");
        let Latencies { p50, p90, p99, p999 } = showing.latencies_us;
        assert!(1000.0 <= p50 && p50 <= p90 && p90 <= p99 && p99 <= p999, "{showing:?}");
    }

    #[test]
    fn a_call_that_fails_ends_the_round() {
        struct Fails;
        impl AsyncCall for Fails {
            async fn call(&self) -> anyhow::Result<()> {
                anyhow::bail!("lost")
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let error = runtime.block_on(of_futures(ORDER, &Arc::new(Fails))).expect_err("it fails");
        assert_eq!(error.to_string(), "lost");
    }
}
