//! Every bound on what a plugin can use up, with its default and its reason.

use std::{fmt, time::Duration};

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
    /// Bytes of the bodies of all outgoing requests of the call. Default 4 MiB.
    pub request_bytes: usize,
    /// Bytes of the bodies of all answers that the guest gets in the call. Default 8 MiB.
    pub response_bytes: usize,
    /// Bytes in memory of one set of header fields that the guest builds. Default 16 KiB.
    pub header_bytes: usize,
    /// Bytes that the guest may write to stdout and stderr together. Default 64 KiB.
    pub output_bytes: usize,
    /// Random bytes that one request for them may ask. Default 64 KiB.
    pub random_bytes: usize,
    /// Bytes of what the call returns, and of what the guest hands over in any one host call. Default 16 MiB.
    pub result_bytes: usize,
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
            request_bytes: 4 << 20,
            response_bytes: 8 << 20,
            header_bytes: 16 << 10,
            output_bytes: 64 << 10,
            random_bytes: 64 << 10,
            result_bytes: 16 << 20,
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
    /// [`Limits::output_bytes`].
    OutputBytes(usize),
    /// [`Limits::random_bytes`].
    RandomBytes(usize),
    /// [`Limits::result_bytes`].
    ResultBytes(usize),
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
            Self::OutputBytes(bytes) => write!(f, "output_bytes, {bytes} bytes on stdout and stderr"),
            Self::RandomBytes(bytes) => write!(f, "random_bytes, {bytes} random bytes at once"),
            Self::ResultBytes(bytes) => write!(f, "result_bytes, {bytes} bytes handed to the host"),
        }
    }
}

impl std::error::Error for Exceeded {}

/// The bounds of a host, over all its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLimits {
    /// Bytes of a component. Default 64 MiB: a Python component has 20.
    pub component_bytes: usize,
    /// Calls running at once; further ones wait their turn within their wall time. Default 256: the cost
    /// per call rises with more at once.
    pub concurrent_calls: usize,
    /// Bytes of a guest's stack. Default 512 KiB, as wasmtime has it. It belongs to the engine, hence to the
    /// host: a grant cannot set its own.
    pub stack_bytes: usize,
    /// Time that one connection to an upstream may take, TLS included. Default 5 s.
    pub connect_time: Duration,
    /// Time that an unused connection is kept. Default 60 s.
    pub idle_time: Duration,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            component_bytes: 64 << 20,
            concurrent_calls: 256,
            stack_bytes: 512 << 10,
            connect_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(60),
        }
    }
}
