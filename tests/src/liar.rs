//! An upstream that lies: it answers each request with a script, byte for byte, over TCP or TLS, and keeps
//! what it was asked.

use std::{
    future::pending,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// One thing that it does with a connection.
#[derive(Debug, Clone)]
pub enum Act {
    /// Says these bytes.
    Say(Vec<u8>),
    /// Says these bytes, one at a time.
    Drip(Vec<u8>),
    /// Says these bytes for ever, one at a time and far apart.
    Trickle(Vec<u8>),
    /// Says these bytes again and again, as fast as they are taken, until the client goes.
    Flood(Vec<u8>),
    /// Says nothing until the client goes.
    Hush,
    /// Resets the connection.
    Reset,
    /// Waits for the next request on this connection. Without it, the connection is closed in good order.
    Next,
}

/// What it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method. Empty over HTTP/2, whose headers are not read.
    pub method: String,
    /// The target, as the request line has it. Empty over HTTP/2.
    pub target: String,
    /// The headers, in the order of the wire.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Its stream, over HTTP/2.
    pub stream: u32,
}

impl Asked {
    /// Returns the values of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(its, _)| its == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// Says what to do about a request.
pub type Script = Arc<dyn Fn(&Asked) -> Vec<Act> + Send + Sync>;

/// A server that does what its scripts say.
pub struct Liar {
    addr: SocketAddr,
    is_tls: bool,
    heard: Arc<Heard>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    asked: Mutex<Vec<Asked>>,
    connections: watch::Sender<Connections>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Connections {
    ever: usize,
    open: usize,
    /// Those that will be closed after the answer that is being given, or that was.
    closing: usize,
}

/// How a [`Liar`] listens.
#[derive(Clone, Default)]
pub struct Listening {
    /// Speaks TLS, with such a certificate.
    pub tls: Option<TlsAcceptor>,
    /// Speaks HTTP/2 above TLS.
    pub http2: bool,
    /// What it does on the bare connection in the place of everything else.
    pub greeting: Vec<Act>,
}

impl Liar {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// Panics when there is no port.
    pub async fn start(listening: Listening, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let is_tls = listening.tls.is_some();
        let heard = Arc::new(Heard::default());
        let hearing = heard.clone();
        let accepting = tokio::spawn(async move {
            let mut serving = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                hearing
                    .connections
                    .send_modify(|count| (count.ever, count.open) = (count.ever + 1, count.open + 1));
                let (listening, script, heard) = (listening.clone(), script.clone(), hearing.clone());
                serving.spawn(async move {
                    let open = Open(&heard);
                    // A client that goes away is none of its worries.
                    let _ = serve(tcp, listening, &script, &heard).await;
                    drop(open);
                });
            }
        });
        Self { addr, is_tls, heard, accepting }
    }

    /// Starts one that is never to be asked anything, and says nothing.
    pub async fn silent() -> Self {
        Self::start(Listening { greeting: vec![Act::Hush], ..Listening::default() }, Arc::new(|_| vec![]))
            .await
    }

    /// Returns its base URL.
    pub fn base_url(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.addr)
    }

    /// Returns its address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns what it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.heard.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns how many connections there ever were.
    pub async fn connections(&self) -> usize {
        // The kernel accepts before we do: one of our own comes after all that were there before it.
        let before = self.heard.connections.borrow().ever;
        let own = TcpStream::connect(self.addr).await;
        let mut changes = self.heard.connections.subscribe();
        if own.is_ok() {
            let _ = changes.wait_for(|count| count.ever > before).await;
        }
        let others = self.heard.connections.borrow().ever - usize::from(own.is_ok());
        self.heard.connections.send_modify(|count| count.ever = others);
        others
    }

    /// Waits until the client has let go of every connection.
    pub async fn abandoned(&self) {
        let mut changes = self.heard.connections.subscribe();
        // Fails only when the sender is gone, and that is `self`.
        let _ = changes.wait_for(|count| count.open == 0).await;
    }

    /// Waits until the client has let go of every connection that is closed on it. Before, it could take
    /// one for good and lose its next request.
    pub async fn settled(&self) {
        let mut changes = self.heard.connections.subscribe();
        // Fails only when the sender is gone, and that is `self`.
        let _ = changes.wait_for(|count| count.closing == 0).await;
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Counts a connection until it is dropped.
struct Open<'a>(&'a Heard);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.send_modify(|count| count.open -= 1);
    }
}

/// Counts a connection as closing until it is dropped.
struct Closing<'a>(&'a Heard);

impl<'a> Closing<'a> {
    /// Counted before the acts are performed: whoever has the answer can know that no other will come.
    fn unless_kept(heard: &'a Heard, acts: &[Act]) -> Option<Self> {
        if acts.iter().any(|act| matches!(act, Act::Next)) {
            return None;
        }
        heard.connections.send_modify(|count| count.closing += 1);
        Some(Self(heard))
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.connections.send_modify(|count| count.closing -= 1);
    }
}

async fn serve(tcp: TcpStream, listening: Listening, script: &Script, heard: &Heard) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    if !listening.greeting.is_empty() {
        let mut line = Line::Tcp(tcp);
        line.perform(&listening.greeting).await?;
        return line.close().await;
    }
    let line = match &listening.tls {
        Some(acceptor) => Line::Tls(Box::new(acceptor.accept(tcp).await?)),
        None => Line::Tcp(tcp),
    };
    if listening.http2 {
        converse_http2(line, script, heard).await
    } else {
        converse(line, script, heard).await
    }
}

/// Takes requests of HTTP/1.1 and answers them.
async fn converse(mut line: Line, script: &Script, heard: &Heard) -> io::Result<()> {
    while let Some(asked) = line.hear().await? {
        let acts = heard.note(&asked, script);
        let _closing = Closing::unless_kept(heard, &acts);
        if let Then::Close = line.perform(&acts).await? {
            return line.close().await;
        }
    }
    line.close().await
}

/// Takes requests of HTTP/2, of which it reads no more than where they end, and answers them.
async fn converse_http2(mut line: Line, script: &Script, heard: &Heard) -> io::Result<()> {
    const PREFACE: usize = 24;
    line.take(PREFACE).await?;
    line.say(&frame(4, 0, 0, &[])).await?;
    loop {
        let head = line.take(9).await?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let body = line.take(length).await?;
        match kind {
            4 if flags & 1 == 0 => line.say(&frame(4, 1, 0, &[])).await?,
            0 | 1 if flags & 1 == 1 => {
                let body = if kind == 0 { body } else { Vec::new() };
                let asked =
                    Asked { method: String::new(), target: String::new(), headers: Vec::new(), body, stream };
                let acts = heard.note(&asked, script);
                let _closing = Closing::unless_kept(heard, &acts);
                if let Then::Close = line.perform(&acts).await? {
                    return line.close().await;
                }
            }
            _ => {}
        }
    }
}

/// Writes a frame of HTTP/2 (RFC 9113, section 4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

impl Heard {
    fn note(&self, asked: &Asked, script: &Script) -> Vec<Act> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        script(asked)
    }
}

/// A connection, plain or not.
enum Line {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

enum Then {
    Next,
    Close,
}

impl Line {
    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.write_all(bytes).await,
            Self::Tls(tls) => {
                tls.write_all(bytes).await?;
                tls.flush().await
            }
        }
    }

    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.read(into).await,
            Self::Tls(tls) => tls.read(into).await,
        }
    }

    async fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        match self {
            Self::Tcp(tcp) => tcp.read_exact(&mut bytes).await?,
            Self::Tls(tls) => tls.read_exact(&mut bytes).await?,
        };
        Ok(bytes)
    }

    /// Reads one request; `None` when the client has gone instead.
    async fn hear(&mut self) -> io::Result<Option<Asked>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if self.read(&mut byte).await? == 0 {
                return Ok(None);
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
        let mut asked = Asked { method, target, headers, body: Vec::new(), stream: 0 };
        let length = asked.header("content-length").first().and_then(|length| length.parse().ok());
        asked.body = self.take(length.unwrap_or(0)).await?;
        Ok(Some(asked))
    }

    async fn perform(&mut self, acts: &[Act]) -> io::Result<Then> {
        const FAR_APART: Duration = Duration::from_millis(20);
        for act in acts {
            match act {
                Act::Say(bytes) => self.say(bytes).await?,
                Act::Drip(bytes) => {
                    for byte in bytes {
                        self.say(&[*byte]).await?;
                        tokio::task::yield_now().await;
                    }
                }
                Act::Trickle(bytes) => {
                    for byte in bytes.iter().cycle() {
                        self.say(&[*byte]).await?;
                        if self.is_left_within(FAR_APART).await {
                            return Ok(Then::Close);
                        }
                    }
                }
                Act::Flood(bytes) => loop {
                    self.say(bytes).await?;
                    // As fast as a network, not as a machine talks to itself: others run beside.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                },
                Act::Hush => {
                    while self.read(&mut [0; 4096]).await? != 0 {}
                    return Ok(Then::Close);
                }
                Act::Reset => {
                    match self {
                        Self::Tcp(tcp) => tcp.set_zero_linger()?,
                        Self::Tls(tls) => tls.get_ref().0.set_zero_linger()?,
                    }
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                Act::Next => return Ok(Then::Next),
            }
        }
        Ok(Then::Close)
    }

    /// Waits that long, and tells whether the client goes meanwhile.
    async fn is_left_within(&mut self, wait: Duration) -> bool {
        let mut byte = [0];
        let left = async {
            match self.read(&mut byte).await {
                Ok(0) | Err(_) => {}
                Ok(_) => pending().await,
            }
        };
        tokio::time::timeout(wait, left).await.is_ok()
    }

    /// Ends what it says, and waits for the client to go: closing at once could take back what was said.
    async fn close(mut self) -> io::Result<()> {
        match &mut self {
            Self::Tcp(tcp) => tcp.shutdown().await?,
            Self::Tls(tls) => tls.shutdown().await?,
        }
        while self.read(&mut [0; 4096]).await? != 0 {}
        Ok(())
    }
}

/// A certificate authority of our own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Makes one of a name, with a key of its own.
    ///
    /// # Panics
    ///
    /// Panics when there are no keys to be had.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Returns what to trust.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Speaks TLS with an honest certificate for 127.0.0.1, and offers one protocol above it.
    pub fn tls(&self, protocol: &str) -> TlsAcceptor {
        self.tls_with(protocol, &["127.0.0.1"], |_| {})
    }

    /// Speaks TLS with a certificate for other names, or that is otherwise changed.
    ///
    /// # Panics
    ///
    /// Panics when there can be no such certificate.
    pub fn tls_with(
        &self,
        protocol: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> TlsAcceptor {
        let (key, mut params) = leaf(names);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        acceptor(protocol, certificate.der().clone(), &key)
    }
}

/// Speaks TLS with a certificate that nobody has signed but itself.
///
/// # Panics
///
/// Panics when there can be no such certificate.
pub fn self_signed(protocol: &str) -> TlsAcceptor {
    let (key, params) = leaf(&["127.0.0.1"]);
    let certificate = params.self_signed(&key).expect("a certificate");
    acceptor(protocol, certificate.der().clone(), &key)
}

/// Makes a certificate one that was valid long ago.
pub fn expired(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 12, 31));
}

/// Makes a certificate one that is not valid for long.
pub fn from_the_future(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2190, 1, 1), date_time_ymd(2190, 12, 31));
}

/// Makes a certificate one of clients.
pub fn for_clients(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

fn leaf(names: &[&str]) -> (KeyPair, CertificateParams) {
    let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut params = CertificateParams::new(names).expect("names");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (KeyPair::generate().expect("a key"), params)
}

fn acceptor(
    protocol: &str,
    certificate: rustls_pki_types::CertificateDer<'static>,
    key: &KeyPair,
) -> TlsAcceptor {
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .expect("a certificate");
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
