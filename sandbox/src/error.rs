//! Why a sandbox server could not be started.

use std::io;
use std::net::SocketAddr;

/// Tells why a sandbox server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address could not be listened on: taken, or not this machine's.
    #[error("cannot listen on {addr}")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The certificates for `https` could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused its own configuration.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}
