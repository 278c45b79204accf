//! Servers that are not the upstream: one that must never be called, and one that says what it is told.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// A socket, plain or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A listener on a port of this machine that counts its connections.
#[derive(Debug)]
pub struct Listener {
    addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    certificate: Option<String>,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// Starts one that accepts, and says nothing.
    pub async fn silent() -> Self {
        Self::start(async |_| std::future::pending().await).await
    }

    /// Starts one that does the same with every connection.
    pub async fn start<F>(serve: impl Fn(tokio::net::TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::accept(None, serve).await
    }

    /// Starts one that speaks TLS, and offers one protocol above it.
    pub async fn start_tls<F>(
        protocol: &str,
        serve: impl Fn(Box<dyn Stream>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (acceptor, certificate) = tls(protocol);
        let serve = Arc::new(serve);
        Self::accept(Some(certificate), move |tcp| {
            let (acceptor, serve) = (acceptor.clone(), serve.clone());
            async move {
                if let Ok(tls) = acceptor.accept(tcp).await {
                    serve(Box::new(tls)).await;
                }
            }
        })
        .await
    }

    async fn accept<F>(
        certificate: Option<String>,
        serve: impl Fn(tokio::net::TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let accepting = tokio::spawn(async move {
            let mut served = tokio::task::JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                counted.fetch_add(1, SeqCst);
                served.spawn(serve(tcp));
            }
        });
        Self { addr, connections, certificate, accepting }
    }

    /// Returns the base URL.
    pub fn base_url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// Returns the address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the certificate to trust, when it speaks TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Returns how many connections were ever opened. The kernel accepts before we do: what was opened
    /// before this is called is counted.
    pub async fn connections(&self) -> io::Result<usize> {
        // A connection of our own comes after all that were opened before it.
        let before = self.connections.load(SeqCst);
        drop(tokio::net::TcpStream::connect(self.addr).await?);
        while self.connections.load(SeqCst) == before {
            tokio::task::yield_now().await;
        }
        Ok(self.connections.fetch_sub(1, SeqCst) - 1)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Returns an address on which nobody listens.
pub async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address")
}

fn tls(protocol: &str) -> (TlsAcceptor, String) {
    let key = KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).expect("names").self_signed(&key).expect("a certificate");
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a certificate");
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    (TlsAcceptor::from(Arc::new(config)), certificate.pem())
}
