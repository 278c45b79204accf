//! Every bound on what a plugin can use up, with its default and its reason.

use std::{fmt, time::Duration};

use crate::error::ConfigError;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory, over all memories of the call. Default 128 MiB: the largest language
    /// runtime known (Python, JavaScript) works in it; Rust and C need 2.
    pub memory_bytes: usize,
    /// Table elements, over all tables of the call. Default 100,000.
    pub table_elements: usize,
    /// Core instances of the call. Default 64: a Python component has some forty.
    pub instances: usize,
    /// Handles to host resources alive at once. Default 1,000: a request takes about ten.
    pub handles: usize,
    /// Time spent running guest code. Default 5 s. Its grain is the epoch tick, 10 ms.
    pub cpu_time: Duration,
    /// Time from the start of the call to its end, waiting included. Default 30 s.
    pub wall_time: Duration,
    /// Requests that the guest may make in one call, refused ones included. Default 64.
    pub requests: usize,
    /// Requests of one call on their way at once; further ones wait. Default 8: each may take a connection.
    pub requests_at_once: usize,
    /// Bytes of the bodies of all outgoing requests of the call. Default 4 MiB.
    pub request_bytes: usize,
    /// Bytes of the bodies of all answers that the guest gets in the call. Default 8 MiB.
    pub response_bytes: usize,
    /// Bytes in memory of one set of header fields that the guest builds. Default 16 KiB.
    pub header_bytes: usize,
    /// Bytes that the guest may write to stdout and stderr together; a line counts 64 bytes more. Default
    /// 64 KiB, which is at most a thousand lines in the log.
    pub output_bytes: usize,
    /// Random bytes that one request for them may ask. Default 64 KiB.
    pub random_bytes: usize,
    /// Bytes of what the call returns, and of what the guest hands over in any one host call. Default 16 MiB.
    pub result_bytes: usize,
    /// JSON values in the data of an outcome, counted by the characters that begin or part them. Default
    /// 500,000: in memory, a value takes up to seventy times the bytes of its text.
    pub result_values: usize,
    /// Tries of one request that is safe to repeat. Default 3.
    pub attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 128 << 20,
            table_elements: 100_000,
            instances: 64,
            handles: 1_000,
            cpu_time: Duration::from_secs(5),
            wall_time: Duration::from_secs(30),
            requests: 64,
            requests_at_once: 8,
            request_bytes: 4 << 20,
            response_bytes: 8 << 20,
            header_bytes: 16 << 10,
            output_bytes: 64 << 10,
            random_bytes: 64 << 10,
            result_bytes: 16 << 20,
            result_values: 500_000,
            attempts: 3,
        }
    }
}

/// A bound that a call passed, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exceeded {
    /// [`Limits::memory_bytes`].
    Memory(usize),
    /// [`Limits::table_elements`].
    TableElements(usize),
    /// [`Limits::instances`].
    Instances(usize),
    /// [`Limits::handles`].
    Handles(usize),
    /// [`HostLimits::stack_bytes`].
    Stack(usize),
    /// [`Limits::cpu_time`].
    CpuTime(Duration),
    /// [`Limits::wall_time`].
    WallTime(Duration),
    /// [`Limits::requests`].
    Requests(usize),
    /// [`Limits::request_bytes`].
    RequestBytes(usize),
    /// [`Limits::response_bytes`].
    ResponseBytes(usize),
    /// [`Limits::header_bytes`].
    HeaderBytes(usize),
    /// [`Limits::output_bytes`].
    OutputBytes(usize),
    /// [`Limits::random_bytes`].
    RandomBytes(usize),
    /// [`Limits::result_bytes`].
    ResultBytes(usize),
    /// [`Limits::result_values`].
    ResultValues(usize),
    /// [`HostLimits::account_rate`]: the request would have left too late.
    AccountRate(Rate),
    /// [`HostLimits::concurrent_calls_per_tenant`]: no call of the tenant ended in time.
    TenantCalls(usize),
    /// [`HostLimits::concurrent_calls`]: no call ended in time.
    ConcurrentCalls(usize),
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(f, "memory_bytes, {bytes} bytes of linear memory"),
            Self::TableElements(count) => write!(f, "table_elements, {count} table elements"),
            Self::Instances(count) => write!(f, "instances, {count} core instances"),
            Self::Handles(count) => write!(f, "handles, {count} handles to host resources"),
            Self::Stack(bytes) => write!(f, "stack_bytes, {bytes} bytes of stack"),
            Self::CpuTime(time) => write!(f, "cpu_time, {time:?} of running guest code"),
            Self::WallTime(time) => write!(f, "wall_time, {time:?} from start to end"),
            Self::Requests(count) => write!(f, "requests, {count} outgoing requests"),
            Self::RequestBytes(bytes) => write!(f, "request_bytes, {bytes} bytes of request bodies"),
            Self::ResponseBytes(bytes) => write!(f, "response_bytes, {bytes} bytes of answers"),
            Self::HeaderBytes(bytes) => write!(f, "header_bytes, {bytes} bytes of one set of headers"),
            Self::OutputBytes(bytes) => write!(f, "output_bytes, {bytes} bytes on stdout and stderr"),
            Self::RandomBytes(bytes) => write!(f, "random_bytes, {bytes} random bytes at once"),
            Self::ResultBytes(bytes) => write!(f, "result_bytes, {bytes} bytes handed to the host"),
            Self::ResultValues(count) => write!(f, "result_values, {count} JSON values in the data"),
            Self::AccountRate(rate) => write!(f, "account_rate, {rate} for the linked account"),
            Self::TenantCalls(count) => {
                write!(f, "concurrent_calls_per_tenant, {count} calls of the tenant at once")
            }
            Self::ConcurrentCalls(count) => write!(f, "concurrent_calls, {count} calls at once"),
        }
    }
}

impl std::error::Error for Exceeded {}

impl Exceeded {
    /// Tells bounds on all calls together from those on one: another try later may fare better.
    pub(crate) fn is_of_host(&self) -> bool {
        matches!(self, Self::AccountRate(_) | Self::TenantCalls(_) | Self::ConcurrentCalls(_))
    }
}

/// A number of requests in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The bounds of a host, over all its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLimits {
    /// Bytes of a component. Default 64 MiB: a Python component has 20.
    pub component_bytes: usize,
    /// Functions of a component, over all its modules. Default 100,000: even empty ones take time to compile.
    pub functions: usize,
    /// Bytes of one function of a component. Default 1 MiB: the time to compile one grows faster than its size.
    pub function_bytes: usize,
    /// Time to compile a component. Default 60 s. Kept only by a [`CompileWorker`](crate::CompileWorker).
    pub compile_time: Duration,
    /// Bytes of memory to compile a component, and of its code. Default 2 GiB. Kept only by a
    /// [`CompileWorker`](crate::CompileWorker), on Unix.
    pub compile_bytes: usize,
    /// Calls running at once; further ones wait their turn within their wall time. Default 256: the cost
    /// per call rises with more at once. At most 4,096: each has address space reserved.
    pub concurrent_calls: usize,
    /// Calls of one tenant running at once; further ones wait, and take no turn of another tenant.
    /// Default 64.
    pub concurrent_calls_per_tenant: usize,
    /// Requests to upstreams on their way at once, over all calls; further ones wait. Default 512: each
    /// may take a connection, and a process has often no more than 1,024 files.
    pub concurrent_requests: usize,
    /// How fast requests leave for one linked account, over all its plugins; further ones wait within
    /// their call's wall time. Default 20 a second with a burst of 5, which is what Refold takes.
    pub account_rate: Option<Rate>,
    /// Bytes of a guest's stack. Default 512 KiB, as wasmtime has it. It belongs to the engine, hence to the
    /// host: a grant cannot set its own.
    pub stack_bytes: usize,
    /// Time in which a connection to an upstream must be there, name resolution and TLS included.
    /// Default 5 s.
    pub connect_time: Duration,
    /// Time that an unused connection is kept. Default 60 s.
    pub idle_time: Duration,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            component_bytes: 64 << 20,
            functions: 100_000,
            function_bytes: 1 << 20,
            compile_time: Duration::from_secs(60),
            compile_bytes: 2 << 30,
            concurrent_calls: 256,
            concurrent_calls_per_tenant: 64,
            concurrent_requests: 512,
            account_rate: Some(Rate { per_second: 20, burst: 5 }),
            stack_bytes: 512 << 10,
            connect_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(60),
        }
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
        in_range("concurrent_calls", self.concurrent_calls, 1..=4096)?;
        in_range("concurrent_calls_per_tenant", self.concurrent_calls_per_tenant, 1..=4096)?;
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
        let table: [(&str, Change); 9] = [
            ("component_bytes", |l| l.component_bytes = usize::MAX),
            ("concurrent_calls", |l| l.concurrent_calls = 0),
            ("concurrent_calls", |l| l.concurrent_calls = usize::MAX),
            ("concurrent_calls_per_tenant", |l| l.concurrent_calls_per_tenant = 0),
            ("concurrent_requests", |l| l.concurrent_requests = 0),
            ("account_rate", |l| l.account_rate = Some(Rate { per_second: 0, burst: 1 })),
            ("account_rate", |l| l.account_rate = Some(Rate { per_second: 1, burst: 0 })),
            ("idle_time", |l| l.idle_time = Duration::MAX),
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
