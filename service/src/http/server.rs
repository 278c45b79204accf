//! Connections: how many there may be, how long a client may take, and how they end.

use std::{sync::Arc, time::Duration};

use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

use super::{Mcp, patient::Patient, router};
use crate::service::Shared;

/// How many connections there may be; others wait until one ends.
const CONNECTIONS: usize = 2048;
/// How long a client may take for the head of a request, or stay idle before the next.
const HEAD: Duration = Duration::from_secs(30);
/// How long a client may take before it reads anything more of what it is answered.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait when no connection can be accepted, for want of file descriptors for example.
const PAUSE: Duration = Duration::from_millis(20);

/// Answers requests until it is told to stop; those that have come are answered before it ends.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    mcp: Arc<Mcp>,
    mut stop: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let router = router(shared, mcp.clone());
    let (room, graceful) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            // Fails only when the service was dropped, which stops it too.
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, place) = accepted;
        let service = TowerToHyperService::new(router.clone());
        let connection =
            graceful.watch(http.serve_connection(TokioIo::new(Patient::new(stream, PATIENCE)), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    // Streams on which a client only listens have no end of their own.
    mcp.hang_up();
    graceful.shutdown().await;
    mcp.end();
}

/// Waits for room, and then for a client.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, Result<tokio::sync::OwnedSemaphorePermit, tokio::sync::AcquireError>) {
    // Fails only when the semaphore is closed, which nobody does.
    let place = room.clone().acquire_owned().await;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A small answer is not to wait for the acknowledgement of the one before.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection is slower than it might be");
                }
                return (stream, place);
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
