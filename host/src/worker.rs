//! Compiles components in a process of its own, which can be stopped: hostile bytes make a compiler slow,
//! large, or worse.
//!
//! The two sides talk over pipes: the component goes in, one byte and then the code, or why there is none,
//! comes out.

use std::{
    ffi::OsString,
    fmt,
    io::{Read as _, Write as _},
    path::PathBuf,
    process::{ExitCode, Stdio},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};
use wasmtime::{Engine, component::Component};

use crate::{
    audit::escaped,
    compile::{Source, invalid},
    error::LoadError,
    host,
    limits::HostLimits,
};

/// How to start a program that compiles components: one that calls [`CompileWorker::serve`] and nothing else.
///
/// Mostly the program itself, with an argument that tells it so. The worker gets no environment, hence none
/// of its parent's secrets, and limits itself to [`HostLimits::compile_bytes`]; the host stops it after
/// [`HostLimits::compile_time`].
///
/// ```no_run
/// use actionbox_host::{ActionHost, CompileWorker};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// if std::env::args().nth(1).as_deref() == Some("compile-worker") {
///     CompileWorker::serve();
///     return Ok(());
/// }
/// let worker = CompileWorker::new(std::env::current_exe()?, ["compile-worker"]);
/// let host = ActionHost::builder().compile_in(worker).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Security
///
/// The code that the worker returns is run as it is: the program must be one that you trust, and nobody
/// else may be able to replace it.
#[derive(Debug, Clone)]
pub struct CompileWorker {
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// Code that our own worker has compiled, or that was compiled before and kept.
pub(crate) enum Code {
    Compiled(Vec<u8>),
    /// A file of the cache.
    Kept(PathBuf),
}

const COMPILED: u8 = b'+';
const REFUSED: u8 = b'-';

impl CompileWorker {
    /// Names a program and the arguments that make it a worker.
    ///
    /// ```
    /// use actionbox_host::CompileWorker;
    ///
    /// // A program of its own, installed beside the service.
    /// let worker = CompileWorker::new("/usr/libexec/my-service/compile-worker", [] as [&str; 0]);
    /// ```
    pub fn new(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect() }
    }

    /// Compiles one component from stdin to stdout, as the first line of stdin orders; for the
    /// worker's own `main`.
    ///
    /// ```no_run
    /// use actionbox_host::CompileWorker;
    /// use std::process::ExitCode;
    ///
    /// // All there is to the program that is given to `CompileWorker::new`.
    /// fn main() -> ExitCode {
    ///     CompileWorker::serve()
    /// }
    /// ```
    pub fn serve() -> ExitCode {
        match serve() {
            Ok(()) => ExitCode::SUCCESS,
            // Nobody listens any more, or nobody ever did.
            Err(_) => ExitCode::FAILURE,
        }
    }

    /// Compiles a component in a new worker.
    pub(crate) async fn compile(&self, source: &Source, limits: &HostLimits) -> Result<Code, LoadError> {
        match timeout(limits.compile_time, self.ask(source, limits)).await {
            Ok(Ok(answer)) => read(answer),
            Ok(Err(error)) => Err(LoadError::Worker(error)),
            Err(_) => Err(LoadError::CompileTime(limits.compile_time)),
        }
    }

    /// Starts a worker and hears it out. Dropping the future stops the worker.
    async fn ask(&self, source: &Source, limits: &HostLimits) -> std::io::Result<Vec<u8>> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("the worker has no pipes"));
        };
        let given = async {
            let order = Order { memory: limits.compile_bytes, fuel: limits.fuel.is_some() };
            stdin.write_all(order.to_string().as_bytes()).await?;
            stdin.write_all(&source.bytes).await?;
            stdin.shutdown().await?;
            drop(stdin);
            Ok::<_, std::io::Error>(())
        };
        let mut answer = Vec::new();
        let mut stdout = stdout.take(limits.compile_bytes as u64);
        let (given, taken) = tokio::join!(given, stdout.read_to_end(&mut answer));
        taken?;
        child.wait().await?;
        // A worker that has refused need not have read everything.
        match given {
            Err(error) if answer.is_empty() => Err(error),
            _ => Ok(answer),
        }
    }
}

/// What the first line tells a worker beside the component.
struct Order {
    /// How many bytes of memory it may take.
    memory: usize,
    /// Whether the code counts fuel.
    fuel: bool,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.memory, self.fuel)
    }
}

impl Order {
    fn parse(line: &str) -> Option<Self> {
        let (memory, fuel) = line.trim_end().split_once(' ')?;
        Some(Self { memory: memory.parse().ok()?, fuel: fuel.parse().ok()? })
    }
}

fn read(mut answer: Vec<u8>) -> Result<Code, LoadError> {
    match answer.first() {
        Some(&COMPILED) => {
            answer.remove(0);
            Ok(Code::Compiled(answer))
        }
        Some(&REFUSED) => {
            let reason = String::from_utf8_lossy(&answer[1..]);
            Err(LoadError::Invalid { detail: escaped(&reason) })
        }
        // It died: of the memory limit, or of a fault of the compiler.
        _ => Err(LoadError::Compiler),
    }
}

impl Code {
    /// Makes the code executable. A file of the cache is mapped.
    pub(crate) fn load(self, engine: &Engine) -> Result<Component, LoadError> {
        #[expect(unsafe_code, reason = "the code comes from a worker of this host, or from its cache")]
        // SAFETY: it is what `precompile_component` returned in a worker that this host has started itself,
        // or what `serialize` returned when a host of this user, with the same wasmtime and settings, had
        // compiled it: the cache names no file that anybody else could have written or changed, only one that
        // has its checksum, and no host writes to a file once it has the name of an entry. A plugin's own bytes
        // never get here.
        let component = unsafe {
            match self {
                Self::Compiled(code) => Component::deserialize(engine, code),
                Self::Kept(file) => Component::deserialize_file(engine, file),
            }
        };
        component.map_err(invalid)
    }
}

fn serve() -> std::io::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut head = String::new();
    std::io::BufRead::read_line(&mut input, &mut head)?;
    let order = Order::parse(&head).ok_or(std::io::ErrorKind::InvalidInput)?;
    limit_memory(order.memory)?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;

    let mut output = std::io::stdout().lock();
    match precompile(&bytes, order.fuel) {
        Ok(code) => {
            output.write_all(&[COMPILED])?;
            output.write_all(&code)?;
        }
        Err(error) => {
            output.write_all(&[REFUSED])?;
            output.write_all(error.to_string().as_bytes())?;
        }
    }
    output.flush()
}

fn precompile(bytes: &[u8], fuel: bool) -> Result<Vec<u8>, LoadError> {
    let engine = Engine::new(&host::compiler_config(fuel)).map_err(invalid)?;
    engine.precompile_component(bytes).map_err(invalid)
}

/// Limits what this process may take: an allocation beyond fails, and ends it.
#[cfg(unix)]
fn limit_memory(bytes: usize) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Rlimit { current: Some(bytes as u64), maximum: Some(bytes as u64) };
    Ok(setrlimit(Resource::Data, limit)?)
}

#[cfg(not(unix))]
fn limit_memory(_: usize) -> std::io::Result<()> {
    Ok(())
}
