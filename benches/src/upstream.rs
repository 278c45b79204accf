//! An upstream that costs as little as possible, on a thread of its own: it answers every request with the
//! same kilobyte.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Starts the upstream and returns its address. It runs until the process ends.
///
/// # Errors
///
/// When no port can be taken.
pub fn start() -> anyhow::Result<SocketAddr> {
    let (started, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            started.send(listener.local_addr()?)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                tokio::spawn(serve(stream));
            }
        })
    });
    Ok(address.recv()?)
}

async fn serve(stream: tokio::net::TcpStream) {
    let answer = Bytes::from(answer());
    let service = service_fn(move |_| {
        let mut response = Response::new(Full::new(answer.clone()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        async { Ok::<_, Infallible>(response) }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        eprintln!("the upstream lost a connection: {error}");
    }
}

/// One kilobyte in the shape of an execute answer.
fn answer() -> String {
    let contact = serde_json::json!({
        "id": "51",
        "properties": { "email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace" },
        "archived": false,
    });
    let data = serde_json::json!({ "results": vec![contact; 7], "paging": {} });
    serde_json::json!({ "node_status": "Success", "http_status": 200, "data": data }).to_string()
}
