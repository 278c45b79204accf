//! An upstream that costs as little as possible, on a thread or in a process of its own.
//!
//! It answers every request with the same kilobyte, unless a name says otherwise: the action `get_64_kb` is
//! answered with so much, `get_after_100_ms` so late, `get_held` when `/release` is asked for, and the listing of
//! the app `crm-1000` has so many actions.

use std::{
    collections::HashMap,
    convert::Infallible,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

/// The argument that makes a benchmark an upstream, and the one behind it that has it speak TLS.
const APART: &str = "--upstream";
const SECURE: &str = "--tls";

/// Starts the upstream on a thread and returns its address. It runs until the process ends.
///
/// # Errors
///
/// When no port can be taken.
pub fn start() -> anyhow::Result<SocketAddr> {
    let (started, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || run(None, |address| Ok(started.send(address)?)));
    Ok(address.recv()?)
}

/// An upstream in a process of its own, whose time and memory are not the benchmark's.
pub struct Apart {
    address: SocketAddr,
    process: Child,
    /// It runs until this is closed, hence no longer than the benchmark.
    stdin: Option<ChildStdin>,
}

impl Apart {
    /// Starts this program again, as an upstream.
    ///
    /// # Errors
    ///
    /// When it does not start, or does not say where it listens.
    pub fn start() -> anyhow::Result<Self> {
        Self::of(Command::new(std::env::current_exe()?).arg(APART), "")
    }

    /// Starts it with TLS, and with HTTP/2 for whoever asks for it; returns the certificate too, in PEM.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_secure() -> anyhow::Result<(Self, String)> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let line = serde_json::to_string(&(&certificate, key))? + "\n";
        let this = Self::of(Command::new(std::env::current_exe()?).args([APART, SECURE]), &line)?;
        Ok((this, certificate))
    }

    fn of(command: &mut Command, input: &str) -> anyhow::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = process.stdin.as_mut().context("the upstream has no input")?;
        stdin.write_all(input.as_bytes())?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("the upstream has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().context("the upstream does not say where it listens")?;
        Ok(Self { address, stdin: process.stdin.take(), process })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("the upstream does not end: {error}");
        }
    }
}

/// Is an upstream until stdin ends, when this process was started as one; for the beginning of `main`.
///
/// # Errors
///
/// When no port can be taken.
pub fn is_one() -> anyhow::Result<bool> {
    if std::env::args().nth(1).as_deref() != Some(APART) {
        return Ok(false);
    }
    let mut line = String::new();
    let secure = std::env::args().nth(2).as_deref() == Some(SECURE);
    if secure {
        std::io::stdin().read_line(&mut line)?;
    }
    let tls = secure.then(|| acceptor(&line)).transpose()?;
    std::thread::spawn(move || {
        run(tls, |address| {
            println!("{address}");
            Ok(std::io::stdout().flush()?)
        })
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(true)
}

/// Makes what speaks TLS with a certificate and its key.
fn acceptor(line: &str) -> anyhow::Result<TlsAcceptor> {
    let (certificate, key): (String, String) = serde_json::from_str(line)?;
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves for ever.
fn run(
    tls: Option<TlsAcceptor>,
    started: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    /// Ten thousand may knock at once.
    const BACKLOG: u32 = 16 << 10;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener: TcpListener = socket.listen(BACKLOG)?;
        started(listener.local_addr()?)?;
        let answers = Arc::new(Answers::new());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answers = answers.clone();
            match tls.clone() {
                None => tokio::spawn(serve(stream, answers)),
                Some(tls) => tokio::spawn(serve_securely(tls, stream, answers)),
            };
        }
    })
}

async fn serve(stream: TcpStream, answers: Arc<Answers>) {
    let service = service_fn(move |request| answer(answers.clone(), request));
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        // Whoever is done with its measurements does not wait for what it has asked.
        if !error.is_incomplete_message() {
            eprintln!("the upstream lost a connection: {error}");
        }
    }
}

async fn serve_securely(tls: TlsAcceptor, stream: TcpStream, answers: Arc<Answers>) {
    // A client gives up a connection that it is making when another has become free.
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(move |request| answer(answers.clone(), request));
    let server = auto::Builder::new(TokioExecutor::new());
    // Whoever is done with its measurements goes without a word.
    let _gone = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    answers: Arc<Answers>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(json(answers.to(request).await))
}

fn json(body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// All answers, each made once.
struct Answers {
    kilobyte: Bytes,
    sized: Mutex<HashMap<String, Bytes>>,
    /// How many are held, and how often all were released.
    held: watch::Sender<usize>,
    released: watch::Sender<usize>,
}

impl Answers {
    fn new() -> Self {
        let kilobyte = Bytes::from(execution(KILOBYTE));
        let (held, released) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { kilobyte, sized: Mutex::default(), held, released }
    }

    async fn to(&self, request: Request<Incoming>) -> Bytes {
        let (parts, body) = request.into_parts();
        // What is left unread closes the connection, unless it came with the head; over HTTP/2 it resets a stream.
        let has_to_be_read = body.size_hint().lower() > 1 << 10 || parts.version == Version::HTTP_2;
        if has_to_be_read && body.collect().await.is_err() {
            return Bytes::new();
        }
        let path = parts.uri.path();
        if let Some(control) = path.strip_prefix("/held/") {
            let expected = control.parse().unwrap_or(0);
            let mut held = self.held.subscribe();
            // Fails only when the sender is gone, and that is `self`; the same below.
            let _there = held.wait_for(|held| *held >= expected).await;
            return Bytes::new();
        }
        if path == "/release" {
            self.released.send_modify(|times| *times += 1);
            return Bytes::new();
        }
        let mut segments = path.rsplit('/');
        match (segments.next(), segments.next(), segments.next()) {
            (Some("execute"), Some(action), _) => self.execute(action).await,
            (Some("actions"), Some(app), _) => match number(app, "crm-", "") {
                Some(count) => self.made(app, || listing(count)),
                None => self.made("crm-1", || listing(1)),
            },
            _ => self.kilobyte.clone(),
        }
    }

    async fn execute(&self, action: &str) -> Bytes {
        if let Some(kilobytes) = number(action, "get_", "_kb") {
            // The envelope is no part of what is counted.
            return self.made(action, || execution((kilobytes * KILOBYTE).max(1)));
        }
        if let Some(wait) = number(action, "get_after_", "_ms") {
            tokio::time::sleep(Duration::from_millis(wait as u64)).await;
        } else if action == "get_held" {
            let mut released = self.released.subscribe();
            self.held.send_modify(|held| *held += 1);
            let _released = released.changed().await;
            self.held.send_modify(|held| *held -= 1);
        }
        self.kilobyte.clone()
    }

    fn made(&self, name: &str, make: impl FnOnce() -> String) -> Bytes {
        let mut sized = self.sized.lock().unwrap_or_else(PoisonError::into_inner);
        match sized.get(name) {
            Some(answer) => answer.clone(),
            None => sized.entry(name.to_owned()).or_insert(make().into()).clone(),
        }
    }
}

fn number(name: &str, before: &str, after: &str) -> Option<usize> {
    name.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
}

const KILOBYTE: usize = 1 << 10;

/// As many records of a contact as fit into so many bytes.
pub fn contacts(bytes: usize) -> Vec<serde_json::Value> {
    let contact = |id: usize| {
        serde_json::json!({
            "id": id.to_string(),
            "properties": { "email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace" },
            "archived": false,
        })
    };
    let one = contact(10).to_string().len() + 1;
    (10..).take(bytes.div_ceil(one)).map(contact).collect()
}

/// About so many bytes in the shape of an execute answer.
pub fn execution(bytes: usize) -> String {
    /// What is around the records.
    const ENVELOPE: usize = 90;
    let data = serde_json::json!({ "results": contacts(bytes.saturating_sub(ENVELOPE)), "paging": {} });
    serde_json::json!({ "node_status": "Success", "http_status": 200, "data": data }).to_string()
}

fn listing(actions: usize) -> String {
    let action = |n: usize| {
        serde_json::json!({
            "action_id": format!("get_thing_{n}"),
            "name": format!("Get thing {n}"),
            "description": "Returns one thing with all its properties, as the connected app has it.",
            "tag": "v2",
        })
    };
    serde_json::Value::from_iter((0..actions).map(action)).to_string()
}

/// Waits until so many requests are held, or releases all that are.
pub struct Control {
    address: SocketAddr,
}

impl Control {
    /// Of the upstream at an address.
    pub fn of(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Waits until so many requests for `get_held` are there.
    ///
    /// # Errors
    ///
    /// When the upstream cannot be asked.
    pub async fn held(&self, count: usize) -> anyhow::Result<()> {
        self.ask(&format!("/held/{count}")).await
    }

    /// Has them answered.
    ///
    /// # Errors
    ///
    /// When the upstream cannot be asked.
    pub async fn release(&self) -> anyhow::Result<()> {
        self.ask("/release").await
    }

    async fn ask(&self, path: &str) -> anyhow::Result<()> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::get(path).header(header::HOST, "upstream").body(Full::<Bytes>::default())?;
        let answer = sender.send_request(request).await?;
        ensure!(answer.status().is_success(), "the upstream answers {}", answer.status());
        drop((answer, sender));
        Ok(connection.await??)
    }
}
