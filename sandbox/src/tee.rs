//! A socket, plain or TLS, whose every read is also kept in the log.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::record::Connection;

pub(crate) struct Tee {
    socket: Socket,
    connection: Arc<Connection>,
}

pub(crate) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Tee {
    pub(crate) fn new(socket: Socket, connection: Arc<Connection>) -> Self {
        Self { socket, connection }
    }

    /// Ends the connection without the polite goodbye: the client's next read fails.
    pub(crate) fn reset(self) {
        let tcp = match &self.socket {
            Socket::Plain(tcp) => tcp,
            Socket::Tls(tls) => tls.get_ref().0,
        };
        if let Err(error) = tcp.set_zero_linger() {
            tracing::warn!(%error, "a connection is closed instead of reset");
        }
    }
}

/// Runs an expression on whichever socket this is, pinned.
macro_rules! on_socket {
    ($tee:expr, $socket:ident => $call:expr) => {
        match &mut $tee.get_mut().socket {
            Socket::Plain(tcp) => {
                let $socket = Pin::new(tcp);
                $call
            }
            Socket::Tls(tls) => {
                let $socket = Pin::new(tls.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Tee {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = on_socket!(self.as_mut(), socket => socket.poll_read(cx, buf));
        self.connection.hear(&buf.filled()[before..]);
        result
    }
}

impl AsyncWrite for Tee {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        on_socket!(self, socket => socket.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_socket!(self, socket => socket.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_socket!(self, socket => socket.poll_shutdown(cx))
    }
}
