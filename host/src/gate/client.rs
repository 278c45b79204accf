//! Fifth step of the gate: send. The only place that resolves names and opens connections.
//!
//! One pooled client for the whole host. It follows no redirect, honours no proxy variable, and one
//! deadline bounds everything from the resolver to the last byte.

mod connector;
mod hushed;

use std::{
    error::Error as StdError,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioTimer,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::sync::Semaphore;

use self::{
    connector::Timed,
    hushed::{Hushed, HushedExecutor},
};
use crate::{
    audit::escaped,
    error::{ConfigError, Sent},
    gate::{budget::Allowance, pieces::Pieces},
    limits::HostLimits,
};

/// The pooled HTTP client of a host.
pub(crate) struct Client {
    http: legacy::Client<Timed<HttpsConnector<HttpConnector>>, Full<Bytes>>,
    /// Requests on their way at once, each of which may take a connection.
    turns: Semaphore,
}

/// Why a request got no answer.
///
/// ```
/// use actionbox_host::{Error, SendFailure, Sent};
///
/// /// Tells whether somebody should look at the network, rather than wait for the upstream.
/// fn is_ours(error: &Error) -> bool {
///     matches!(error, Error::Unreachable { failure: SendFailure::Connect(_) | SendFailure::Tls(_), .. })
/// }
///
/// let failure = SendFailure::Connect("connection refused".to_owned());
/// assert!(is_ours(&Error::Unreachable { failure, sent: Sent::No }));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SendFailure {
    /// No connection came about: the name did not resolve, or nobody listened.
    #[error("no connection to the upstream: {0}")]
    Connect(String),
    /// The upstream's certificate was not accepted, or the handshake failed.
    #[error("no secure connection to the upstream: {0}")]
    Tls(String),
    /// The wall time of the call ran out.
    #[error("the upstream did not answer within the call's wall time")]
    Timeout {
        /// Whether the request had left.
        sent: Sent,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection broke before the answer was complete: {0}")]
    Broken(String),
    /// The answer was larger than what may still be held.
    #[error("the answer is larger than what may still be held of it")]
    TooLarge,
}

impl SendFailure {
    /// Returns whether the request left.
    ///
    /// ```
    /// use actionbox_host::{SendFailure, Sent};
    ///
    /// assert_eq!(SendFailure::Tls("the certificate has expired".to_owned()).sent(), Sent::No);
    /// assert_eq!(SendFailure::Broken("connection reset".to_owned()).sent(), Sent::Unknown);
    /// assert_eq!(SendFailure::TooLarge.sent(), Sent::Yes);
    /// ```
    pub fn sent(&self) -> Sent {
        match self {
            Self::Connect(_) | Self::Tls(_) => Sent::No,
            Self::Timeout { sent } => *sent,
            Self::Broken(_) => Sent::Unknown,
            Self::TooLarge => Sent::Yes,
        }
    }

    /// Tells whether the same request may fare better later.
    ///
    /// ```
    /// use actionbox_host::SendFailure;
    ///
    /// assert!(SendFailure::Connect("connection refused".to_owned()).is_transient());
    /// // Somebody has to renew the certificate first.
    /// assert!(!SendFailure::Tls("the certificate has expired".to_owned()).is_transient());
    /// ```
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Timeout { .. } | Self::Broken(_))
    }
}

impl Client {
    pub(crate) fn new(roots: &[Vec<u8>], http2: bool, limits: &HostLimits) -> Result<Self, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "this is the one way out")]
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls(roots)?).https_or_http();
        let https = if http2 {
            https.enable_all_versions().wrap_connector(tcp)
        } else {
            https.enable_http1().wrap_connector(tcp)
        };
        let client = legacy::Client::builder(HushedExecutor)
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits.idle_time)
            .pool_max_idle_per_host(limits.concurrent_calls)
            .http1_max_buf_size(64 << 10)
            .http1_max_headers(64)
            .http2_max_header_list_size(32 << 10)
            // Otherwise a connection that has gone silent takes every call with it until TCP gives up.
            .http2_keep_alive_interval(Duration::from_secs(10))
            .http2_keep_alive_timeout(Duration::from_secs(5))
            .build(Timed::new(https, limits.connect_time));
        Ok(Self { http: client, turns: Semaphore::new(limits.concurrent_requests) })
    }

    /// Sends a request and returns the whole answer, whose body is taken from an allowance.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        bytes: &Allowance,
        deadline: Instant,
    ) -> Result<Response<Bytes>, SendFailure> {
        let mut sent = Sent::No;
        if Instant::now() >= deadline {
            return Err(SendFailure::Timeout { sent });
        }
        let exchange = async {
            // Fails only when the semaphore is closed, which nobody does.
            let _turn = self.turns.acquire().await;
            sent = Sent::Unknown;
            let answer = self.http.request(request).await.map_err(|error| classify(&error))?;
            sent = Sent::Yes;
            let (parts, body) = answer.into_parts();
            Ok(Response::from_parts(parts, collect(body, bytes).await?))
        };
        match tokio::time::timeout_at(deadline.into(), Hushed::new(exchange)).await {
            Ok(result) => result,
            Err(_) => Err(SendFailure::Timeout { sent }),
        }
    }
}

/// After so many pieces of a body, each takes so much of the allowance at least: a body of one-byte pieces
/// is mostly work.
const FREE_PIECES: usize = 100;
const PIECE: usize = 64;

/// Reads a body to its end, so that the connection returns to the pool, or until the allowance is used up.
pub(crate) async fn collect(
    mut body: impl Body<Data = Bytes, Error: StdError + 'static> + Unpin,
    bytes: &Allowance,
) -> Result<Bytes, SendFailure> {
    if body.size_hint().lower() > bytes.left() as u64 {
        return Err(SendFailure::TooLarge);
    }
    let (mut taken, mut pieces) = (Taken { bytes, count: 0 }, 0);
    let mut whole = Pieces::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| SendFailure::Broken(root_cause(&error)))?;
        // Trailers carry nothing that a plugin has a use for.
        let Ok(data) = frame.into_data() else { continue };
        pieces += 1;
        taken.take(if pieces > FREE_PIECES { data.len().max(PIECE) } else { data.len() })?;
        whole.push(data);
    }
    // Over HTTP/2, a stream may be reset with "no error", which looks like its end.
    if body.size_hint().lower() != 0 {
        return Err(SendFailure::Broken("the body is shorter than it was said to be".to_owned()));
    }
    let whole = whole.join();
    taken.keep(whole.len());
    Ok(whole)
}

/// What one answer has taken of an allowance; given back when the answer is given up.
struct Taken<'a> {
    bytes: &'a Allowance,
    count: usize,
}

impl Taken<'_> {
    fn take(&mut self, count: usize) -> Result<(), SendFailure> {
        if !self.bytes.take(count) {
            return Err(SendFailure::TooLarge);
        }
        self.count += count;
        Ok(())
    }

    /// Keeps the bytes of the answer, and gives the rest back.
    fn keep(mut self, count: usize) {
        self.count -= count;
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.bytes.give_back(self.count);
    }
}

/// Sorts the client's error by what it says about the request having left.
fn classify(error: &legacy::Error) -> SendFailure {
    let cause = root_cause(error);
    if !error.is_connect() {
        return SendFailure::Broken(cause);
    }
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(tls) = inner.downcast_ref().and_then(tls_error) {
            return SendFailure::Tls(tls_text(tls));
        }
        source = inner.source();
    }
    SendFailure::Connect(cause)
}

/// Finds the TLS error in an I/O error, which the connector wraps in another.
fn tls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner.downcast_ref().or_else(|| tls_error(inner.downcast_ref()?))
}

/// Returns the text of a TLS error, without the names of a certificate: the peer has chosen them.
fn tls_text(error: &rustls::Error) -> String {
    use rustls::{CertificateError, Error};
    match error {
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { expected, .. }) => {
            format!("the certificate is not valid for {}", expected.to_str())
        }
        other => escaped(&other.to_string()),
    }
}

/// Returns the message of the innermost error: the one that says what happened.
fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    loop {
        let io = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = io.and_then(|inner| inner.downcast_ref::<h2::Error>());
        // Its own text would quote what the peer says as it goes away.
        if let Some(h2) = inner.or_else(|| cause.downcast_ref::<h2::Error>()) {
            return match h2.reason() {
                Some(reason) => format!("HTTP/2: {}", reason.description()),
                None => "HTTP/2: no reason given".to_owned(),
            };
        }
        match cause.source() {
            Some(source) => cause = source,
            None => return escaped(&cause.to_string()),
        }
    }
}

fn tls(extra_roots: &[Vec<u8>]) -> Result<ClientConfig, ConfigError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in extra_roots {
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| ConfigError::Certificate(error.to_string()))?;
            roots.add(certificate).map_err(|error| ConfigError::Certificate(error.to_string()))?;
            found = true;
        }
        if !found {
            return Err(ConfigError::Certificate("there is no certificate in it".to_owned()));
        }
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::Certificate(error.to_string()))
        .map(|config| config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use hyper::body::Frame;

    use super::*;

    /// A body of so many pieces of so many bytes.
    struct Pieces(usize, usize);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
            self.0 = left;
            Poll::Ready(Some(Ok(Frame::data(vec![b'x'; self.1].into()))))
        }
    }

    #[tokio::test]
    async fn a_body_in_honest_pieces_takes_its_bytes_and_no_more() {
        for (count, size) in [(0, 0), (1, 10), (1, 100_000), (100, 1), (100, 1_000), (10_000, 64)] {
            let allowance = Allowance::new(count * size);
            let whole = collect(Pieces(count, size), &allowance).await.expect("it fits");
            assert_eq!((whole.len(), allowance.left()), (count * size, 0), "{count} of {size}");
        }
    }

    #[tokio::test]
    async fn a_body_of_tiny_pieces_takes_what_its_work_is_worth() {
        let allowance = Allowance::new(1 << 20);
        assert!(collect(Pieces(10_000, 1), &allowance).await.is_ok());
        assert_eq!(allowance.left(), (1 << 20) - 10_000, "what is kept are the bytes");
        for size in [0, 1, 63] {
            let allowance = Allowance::new(1 << 20);
            let more_than_its_worth = (1 << 20) / PIECE + FREE_PIECES + 1;
            let answer = collect(Pieces(more_than_its_worth, size), &allowance).await;
            assert!(matches!(answer, Err(SendFailure::TooLarge)), "{size}");
            assert_eq!(allowance.left(), 1 << 20, "all is given back");
        }
    }
}
