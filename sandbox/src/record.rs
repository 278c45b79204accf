//! The request log: what arrived, byte for byte, before anything was made of it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Version};

/// A request as it arrived.
///
/// It is in the log from the moment its head arrived, before credentials are checked and before any
/// [`Fault`](crate::Fault) applies.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Its place in the order of arrival, counted from 1 since the start of the server.
    pub seq: u64,
    /// The connection it arrived on: an index into [`Sandbox::raw_connections`](crate::Sandbox::raw_connections).
    pub connection: usize,
    /// The client's address.
    pub peer: SocketAddr,
    /// The method.
    pub method: Method,
    /// The target as the request line has it: undecoded, with the query.
    pub target: String,
    /// The version of HTTP.
    pub version: Version,
    /// The headers in the order of the wire, duplicates and spelling as they were (HTTP/2 has no
    /// capitals and keeps duplicates together).
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, decoded from its transfer coding, as far as it arrived.
    pub body: Bytes,
    /// How far the body arrived.
    pub body_state: BodyState,
    /// The exact bytes of the request, after TLS. Empty over HTTP/2. If the body is chunked and the
    /// client did not wait for the answer, the start of its next request may be at the end.
    pub raw: Bytes,
    /// The status of the answer; `None` as long as there is none, and if there never was one.
    pub answered: Option<u16>,
}

/// How far the body of a request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyState {
    /// More may come.
    Arriving,
    /// All of it is there, which for many requests is nothing.
    Whole,
    /// It ended early, broke the protocol or was too long.
    Cut,
}

impl RecordedRequest {
    /// Answers a header's value, or nothing if the request has none of that name.
    ///
    /// Values of a repeated header are joined by `", "`, as the service's own runtime does.
    pub fn header(&self, name: &str) -> Option<String> {
        let same = self.headers.iter().filter(|(its_name, _)| its_name.eq_ignore_ascii_case(name));
        let values: Vec<_> = same.map(|(_, value)| String::from_utf8_lossy(value)).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Answers the body as JSON, or nothing if it is none.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// One accepted connection, and every byte it brought.
#[derive(Debug)]
pub(crate) struct Connection {
    id: usize,
    peer: SocketAddr,
    recorded: bool,
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    bytes: Vec<u8>,
    /// Where the request being served starts.
    start: usize,
}

impl Connection {
    /// Keeps bytes that were read, after TLS.
    pub(crate) fn hear(&self, bytes: &[u8]) {
        if self.recorded {
            lock(&self.heard).bytes.extend_from_slice(bytes);
        }
    }
}

/// All connections and all requests.
#[derive(Debug)]
pub(crate) struct Log {
    recorded: bool,
    accepted: AtomicUsize,
    closed: AtomicUsize,
    connections: Mutex<Vec<Arc<Connection>>>,
    /// How many requests ever arrived, and those that were not forgotten since.
    requests: Mutex<(u64, Vec<RecordedRequest>)>,
}

impl Log {
    pub(crate) fn new(recorded: bool) -> Self {
        Self {
            recorded,
            accepted: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            connections: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    pub(crate) fn connect(&self, peer: SocketAddr) -> Arc<Connection> {
        let mut connections = lock(&self.connections);
        let id = self.accepted.fetch_add(1, Ordering::SeqCst);
        let connection = Arc::new(Connection { id, peer, recorded: self.recorded, heard: Mutex::default() });
        if self.recorded {
            connections.push(Arc::clone(&connection));
        }
        connection
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn disconnect(&self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) -> usize {
        // In this order, so that a connection that comes and goes in between is not counted as -1.
        let closed = self.closed.load(Ordering::SeqCst);
        self.accepted() - closed
    }

    pub(crate) fn raw_connections(&self) -> Vec<Vec<u8>> {
        lock(&self.connections).iter().map(|connection| lock(&connection.heard).bytes.clone()).collect()
    }

    /// Notes a request whose head has arrived.
    pub(crate) fn arrive(&self, connection: &Connection, parts: &Parts) -> RecordedRequest {
        let (raw, wire) = connection.head(parts.version);
        let of_map =
            || parts.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let (target, headers) = match wire {
            Some(head) => (head.target, head.headers),
            None => (parts.uri.to_string(), of_map().collect()),
        };
        let mut requests = lock(&self.requests);
        requests.0 += 1;
        let request = RecordedRequest {
            seq: requests.0,
            connection: connection.id,
            peer: connection.peer,
            method: parts.method.clone(),
            target,
            version: parts.version,
            headers,
            body: Bytes::new(),
            body_state: BodyState::Arriving,
            raw,
            answered: None,
        };
        if self.recorded {
            requests.1.push(request.clone());
        }
        request
    }

    /// Notes that a request has ended, and where its bytes end.
    pub(crate) fn end(&self, connection: &Connection, request: &mut RecordedRequest) {
        if request.version != Version::HTTP_2 {
            request.raw = connection.take(request);
        }
        self.note(request);
    }

    /// Writes a request over its earlier note, unless that was forgotten.
    pub(crate) fn note(&self, request: &RecordedRequest) {
        let mut requests = lock(&self.requests);
        if let Some(noted) = requests.1.iter_mut().rev().find(|noted| noted.seq == request.seq) {
            noted.clone_from(request);
        }
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.requests).1.clone()
    }

    pub(crate) fn arrived(&self) -> usize {
        lock(&self.requests).1.iter().filter(|request| request.body_state != BodyState::Arriving).count()
    }

    pub(crate) fn clear(&self) {
        lock(&self.requests).1.clear();
    }
}

impl Connection {
    /// What has arrived of the current request, and its head taken apart.
    fn head(&self, version: Version) -> (Bytes, Option<WireHead>) {
        if version == Version::HTTP_2 {
            return (Bytes::new(), None);
        }
        let heard = lock(&self.heard);
        let bytes = &heard.bytes[heard.start..];
        (Bytes::copy_from_slice(bytes), WireHead::parse(bytes))
    }

    /// Cuts off the bytes of a request that has ended; the next one starts after them.
    fn take(&self, request: &RecordedRequest) -> Bytes {
        let mut heard = lock(&self.heard);
        let bytes = &heard.bytes[heard.start..];
        let chunked = request.header("transfer-encoding").is_some();
        let length = match WireHead::parse(bytes) {
            Some(head) if request.body_state == BodyState::Whole && !chunked => {
                head.length + request.body.len()
            }
            _ => bytes.len(),
        };
        let raw = Bytes::copy_from_slice(&bytes[..length.min(bytes.len())]);
        heard.start += raw.len();
        raw
    }
}

/// The head of an HTTP/1.1 request, as it was written.
#[derive(Debug)]
struct WireHead {
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    length: usize,
}

impl WireHead {
    /// Takes a head apart that the HTTP library has already accepted; hence nothing is checked here.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut length = 0;
        let mut target = None;
        let mut headers = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            length += line.len();
            let line = line.strip_suffix(b"\n")?;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match &target {
                // Empty lines before the request line are allowed (RFC 9112, section 2.2).
                None if line.is_empty() => {}
                None => {
                    target =
                        Some(String::from_utf8_lossy(line.split(|byte| *byte == b' ').nth(1)?).into_owned())
                }
                Some(target) if line.is_empty() => {
                    return Some(Self { target: target.clone(), headers, length });
                }
                Some(_) => {
                    let colon = line.iter().position(|byte| *byte == b':')?;
                    let name = String::from_utf8_lossy(&line[..colon]).into_owned();
                    headers.push((name, line[colon + 1..].trim_ascii().to_vec()));
                }
            }
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_keeps_order_spelling_and_duplicates() {
        let bytes = b"GET /a%20b?c HTTP/1.1\r\nX-B: 1\r\nx-a:  2 \r\nX-B: 3\r\n\r\nrest";
        let head = WireHead::parse(bytes).unwrap();
        assert_eq!(head.target, "/a%20b?c");
        let expected = [("X-B", b"1"), ("x-a", b"2"), ("X-B", b"3")];
        assert_eq!(head.headers, expected.map(|(name, value)| (name.to_owned(), value.to_vec())));
        assert_eq!(head.length, bytes.len() - "rest".len());
    }

    #[test]
    fn half_a_head_is_none() {
        for bytes in
            [&b""[..], b"GET", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nA: b\r\n", b"\n\n", b"x\n\n"]
        {
            assert!(WireHead::parse(bytes).is_none(), "{}", bytes.escape_ascii());
        }
    }
}
