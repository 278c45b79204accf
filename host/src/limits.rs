//! Every bound on what a plugin can use up, with its default and its reason.

mod bound;
mod exceeded;

use std::{fmt, time::Duration};

use self::bound::bounds;
pub use self::{
    bound::{Bound, BoundValue},
    exceeded::Exceeded,
};
use crate::error::ConfigError;

bounds! {
    /// The bounds of one call. Passing one ends that call with [`Error::Limit`](crate::Error::Limit), and no
    /// other call notices.
    ///
    /// Bounds are counted in aggregate: a component with many memories has one sum. Set them for a host with
    /// [`ActionHostBuilder::limits`](crate::ActionHostBuilder::limits), or for one grant with
    /// [`GrantBuilder::limits`](crate::GrantBuilder::limits).
    ///
    /// ```
    /// use actionbox_host::Limits;
    /// use std::time::Duration;
    ///
    /// let limits = Limits { wall_time: Duration::from_secs(10), ..Limits::default() };
    /// assert_eq!(limits.memory_bytes, 128 << 20);
    /// ```
    pub struct Limits {
        /// Bytes of linear memory, over all memories of the call. Default 128 MiB: the largest language
        /// runtime known (Python, JavaScript) works in it; Rust and C need 2.
        pub memory_bytes: usize = 128 << 20,
        /// Table elements, over all tables of the call. Default 100,000.
        pub table_elements: usize = 100_000,
        /// Core instances of the call. Default 64: a Python component has some forty.
        pub instances: usize = 64,
        /// Handles to host resources alive at once. Default 1,000: a request takes about ten.
        pub handles: usize = 1_000,
        /// Time spent running guest code. Default 5 s. Its grain is the epoch tick, 10 ms. On a machine that has
        /// more to do than processors, waiting for one is counted too.
        pub cpu_time: Duration = Duration::from_secs(5),
        /// Time from the start of the call to its end, waiting included. Default 30 s.
        pub wall_time: Duration = Duration::from_secs(30),
        /// Requests that the guest may make in one call, refused ones included. Default 64.
        pub requests: usize = 64,
        /// Requests of one call on their way at once; further ones wait. Default 8: each may take a
        /// connection.
        pub requests_at_once: usize = 8,
        /// Bytes of the bodies of all outgoing requests of the call. Default 4 MiB.
        pub request_bytes: usize = 4 << 20,
        /// Bytes of the bodies of all answers that the guest gets in the call. Default 8 MiB. Of an answer in
        /// very many pieces, each counts 64 bytes at least while it arrives.
        pub response_bytes: usize = 8 << 20,
        /// Bytes in memory of one set of header fields that the guest builds. Default 16 KiB.
        pub header_bytes: usize = 16 << 10,
        /// Bytes that the guest may write to stdout and stderr together; a line counts 64 bytes more. Default
        /// 64 KiB, which is at most a thousand lines in the log.
        pub output_bytes: usize = 64 << 10,
        /// Random bytes that one request for them may ask. Default 64 KiB.
        pub random_bytes: usize = 64 << 10,
        /// Bytes of what the call returns, and of what the guest hands over in any one host call. Default 16
        /// MiB.
        pub result_bytes: usize = 16 << 20,
        /// JSON values in the data of an outcome, counted by the characters that begin or part them. Default
        /// 500,000: in memory, a value takes up to seventy times the bytes of its text.
        pub result_values: usize = 500_000,
        /// Tries of one request that is safe to repeat. Default 3.
        pub attempts: u32 = 3,
    }
}

/// A number of requests in a time.
///
/// ```
/// use actionbox_host::{HostLimits, Rate};
///
/// // Two processes share the account's 20 a second.
/// let half = Rate { per_second: 10, burst: 2 };
/// let limits = HostLimits { account_rate: Some(half), ..HostLimits::default() };
/// assert_eq!(half.to_string(), "10 requests a second with a burst of 2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Rate {
    /// Requests a second, in the long run. At least 1.
    pub per_second: u32,
    /// Requests that may leave at once after a rest. At least 1.
    pub burst: u32,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests a second with a burst of {}", self.per_second, self.burst)
    }
}

bounds! {
    /// The bounds of a host, over all its calls.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, HostLimits};
    ///
    /// let limits = HostLimits { concurrent_calls_per_tenant: 8, ..HostLimits::default() };
    /// let host = ActionHost::builder().host_limits(limits).build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    ///
    /// # Kept instances
    ///
    /// With `kept_instances`, an instance whose call ended well is not dropped but serves the next call of the
    /// same plugin under the same [`Grant`](crate::Grant): that halves the host's own work for a call. What the
    /// plugin remembers from one call to the next is then its own affair, within what that grant reaches; it
    /// crosses to no other tenant, account or plugin. Not kept is what trapped, passed a bound, left a request
    /// on its way, or has used up half of the memory, table elements or handles of a call. A kept instance holds no grant and no credential, and goes after `idle_time`, or when its
    /// grant is dropped: noticed as the next instance is kept.
    pub struct HostLimits {
        /// Bytes of a component. Default 64 MiB: a Python component has 20.
        pub component_bytes: usize = 64 << 20,
        /// Functions of a component, over all its modules. Default 100,000: even empty ones take time to
        /// compile.
        pub functions: usize = 100_000,
        /// Bytes of one function of a component. Default 1 MiB: the time to compile one grows faster than its
        /// size.
        pub function_bytes: usize = 1 << 20,
        /// Time to compile a component. Default 180 s: a Python component takes 20 s on two idle processors. Kept
        /// only by a `CompileWorker`.
        pub compile_time: Duration = Duration::from_secs(180),
        /// Bytes of memory to compile a component, and of its code. Default 2 GiB. Kept only by a
        /// `CompileWorker`, on Unix.
        pub compile_bytes: usize = 2 << 30,
        /// Calls running at once; further ones wait their turn within their wall time. Default 256: the cost
        /// per call rises with more at once. At most 10,000: each has address space reserved.
        pub concurrent_calls: usize = 256,
        /// Calls of one tenant running at once; further ones wait, and take no turn of another tenant.
        /// Default 64.
        pub concurrent_calls_per_tenant: usize = 64,
        /// Guests of one tenant that run at one moment, as opposed to waiting for an answer; further ones wait
        /// their turn. Default 1: however many of its guests want to run, a tenant takes one processor, and a
        /// call runs for a tenth of a millisecond, mostly.
        pub running_guests_per_tenant: usize = 1,
        /// Requests to upstreams on their way at once, over all calls; further ones wait. Default 512: each
        /// may take a connection, and a process has often no more than 1,024 files.
        pub concurrent_requests: usize = 512,
        /// How fast requests leave for one linked account, over all its plugins; further ones wait within
        /// their call's wall time. Default 20 a second with a burst of 5, which is what Refold takes.
        pub account_rate: Option<Rate> = Some(Rate { per_second: 20, burst: 5 }),
        /// Answers that held a credential, after which a plugin is kept away from that upstream on behalf of
        /// that tenant, until it is released. Default 3: an upstream may echo by accident, but not again and
        /// again.
        pub leaks: Option<u32> = Some(3),
        /// Instructions, roughly, that the guest may run in a call. Default none: it makes all guest code a
        /// third to a half slower, and `cpu_time` bounds the same. Unlike time, it is the same on every
        /// machine.
        pub fuel: Option<u64> = None,
        /// Bytes of a guest's stack. Default 512 KiB, as wasmtime has it. It belongs to the engine, hence to
        /// the host: a grant cannot set its own.
        pub stack_bytes: usize = 512 << 10,
        /// Time in which a connection to an upstream must be there, name resolution and TLS included. Default
        /// 5 s.
        pub connect_time: Duration = Duration::from_secs(5),
        /// Instances that are kept after a call, over all plugins and grants, for the next call of the same plugin
        /// under the same grant or a clone of it. Default 0: each call runs in a fresh instance. Together with
        /// `concurrent_calls` 10,000 at most.
        pub kept_instances: usize = 0,
        /// Time that an unused connection, or a kept instance, is kept. Default 60 s.
        pub idle_time: Duration = Duration::from_secs(60),
    }
}

impl HostLimits {
    /// Refuses what no host can be built with.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        const LONGEST: Duration = Duration::from_secs(24 * 3600);
        let in_range = |name, value: usize, range: std::ops::RangeInclusive<usize>| {
            if range.contains(&value) {
                return Ok(());
            }
            Err(ConfigError::Limit { name, reason: format!("{value} is not in {range:?}") })
        };
        in_range("component_bytes", self.component_bytes, 8..=1 << 30)?;
        in_range("concurrent_calls", self.concurrent_calls, 1..=10_000)?;
        in_range("kept_instances", self.kept_instances, 0..=10_000 - self.concurrent_calls.min(10_000))?;
        in_range("concurrent_calls_per_tenant", self.concurrent_calls_per_tenant, 1..=10_000)?;
        in_range("running_guests_per_tenant", self.running_guests_per_tenant, 1..=10_000)?;
        in_range("concurrent_requests", self.concurrent_requests, 1..=1 << 20)?;
        in_range("stack_bytes", self.stack_bytes, 64 << 10..=64 << 20)?;
        if let Some(rate) = self.account_rate {
            in_range("account_rate.per_second", rate.per_second as usize, 1..=1_000_000)?;
            in_range("account_rate.burst", rate.burst as usize, 1..=1_000_000)?;
        }
        let times = [
            ("compile_time", self.compile_time),
            ("connect_time", self.connect_time),
            ("idle_time", self.idle_time),
        ];
        for (name, time) in times {
            if time.is_zero() || time > LONGEST {
                let reason = format!("{time:?} is not between 0 and {LONGEST:?}");
                return Err(ConfigError::Limit { name, reason });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_no_host_can_keep_are_refused_by_name() {
        type Change = fn(&mut HostLimits);
        let table: [(&str, Change); 10] = [
            ("component_bytes", |l| l.component_bytes = usize::MAX),
            ("concurrent_calls", |l| l.concurrent_calls = 0),
            ("concurrent_calls", |l| l.concurrent_calls = usize::MAX),
            ("concurrent_calls_per_tenant", |l| l.concurrent_calls_per_tenant = 0),
            ("concurrent_requests", |l| l.concurrent_requests = 0),
            ("account_rate", |l| l.account_rate = Some(Rate { per_second: 0, burst: 1 })),
            ("account_rate", |l| l.account_rate = Some(Rate { per_second: 1, burst: 0 })),
            ("idle_time", |l| l.idle_time = Duration::MAX),
            ("kept_instances", |l| (l.concurrent_calls, l.kept_instances) = (9_000, 1_001)),
            ("connect_time", |l| l.connect_time = Duration::ZERO),
        ];
        for (name, change) in table {
            let mut limits = HostLimits::default();
            change(&mut limits);
            let error = limits.check().expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(HostLimits::default().check().is_ok());
    }
}
