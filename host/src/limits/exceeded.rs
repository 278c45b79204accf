//! Which bound a call passed.

use std::{fmt, time::Duration};

use super::Rate;

/// A bound that a call passed, and its value.
///
/// ```
/// use actionbox_host::{Error, Exceeded, Sent};
/// use std::time::Duration;
///
/// let exceeded = Exceeded::CpuTime(Duration::from_secs(5));
/// let error = Error::Limit { exceeded, sent: Sent::No };
/// assert_eq!(error.to_string(), "the call passed the limit cpu_time, 5s of running guest code");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exceeded {
    /// [`Limits::memory_bytes`](super::Limits::memory_bytes).
    Memory(usize),
    /// [`Limits::table_elements`](super::Limits::table_elements).
    TableElements(usize),
    /// [`Limits::instances`](super::Limits::instances).
    Instances(usize),
    /// [`Limits::handles`](super::Limits::handles).
    Handles(usize),
    /// [`HostLimits::stack_bytes`](super::HostLimits::stack_bytes).
    Stack(usize),
    /// [`Limits::cpu_time`](super::Limits::cpu_time).
    CpuTime(Duration),
    /// [`HostLimits::fuel`](super::HostLimits::fuel).
    Fuel(u64),
    /// [`Limits::wall_time`](super::Limits::wall_time).
    WallTime(Duration),
    /// [`Limits::requests`](super::Limits::requests).
    Requests(usize),
    /// [`Limits::request_bytes`](super::Limits::request_bytes).
    RequestBytes(usize),
    /// [`Limits::response_bytes`](super::Limits::response_bytes).
    ResponseBytes(usize),
    /// [`Limits::header_bytes`](super::Limits::header_bytes).
    HeaderBytes(usize),
    /// [`Limits::output_bytes`](super::Limits::output_bytes).
    OutputBytes(usize),
    /// [`Limits::random_bytes`](super::Limits::random_bytes).
    RandomBytes(usize),
    /// [`Limits::result_bytes`](super::Limits::result_bytes).
    ResultBytes(usize),
    /// [`Limits::result_values`](super::Limits::result_values).
    ResultValues(usize),
    /// [`HostLimits::account_rate`](super::HostLimits::account_rate): the request would have left too late.
    AccountRate(Rate),
    /// [`HostLimits::concurrent_calls_per_tenant`](super::HostLimits::concurrent_calls_per_tenant): no call
    /// of the tenant ended in time.
    TenantCalls(usize),
    /// [`HostLimits::concurrent_calls`](super::HostLimits::concurrent_calls): no call ended in time.
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
            Self::Fuel(fuel) => write!(f, "fuel, {fuel} units of running guest code"),
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
