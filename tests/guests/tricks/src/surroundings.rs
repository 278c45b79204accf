//! What else there is: files, variables, sockets, and what an earlier call left.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::{Value, json};

use crate::{
    Report,
    wasi::{
        http::types::{Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, OutgoingRequest},
        io::{poll::Pollable, streams::InputStream},
    },
};

/// Counts the calls that this instance has seen, and gives back none of the `leak` bytes that it takes.
pub fn count(options: &Value) -> Report {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let leak = options["leak"].as_u64().unwrap_or_default() as usize;
    std::hint::black_box(vec![1u8; leak].leak());
    Ok(json!(CALLS.fetch_add(1, Relaxed) + 1))
}

/// Reports everything that can be had of the process and its files, those that `files` names too.
pub fn look_around(options: &Value) -> Report {
    let variables: Vec<_> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    let mut input = String::new();
    let read = std::io::Read::read_to_string(&mut std::io::stdin(), &mut input).unwrap_or_default();
    let named = options["files"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let (mut files, mut written) = (Vec::new(), Vec::new());
    for path in ["/", ".", "..", "/etc/passwd", "/proc/self/environ", "Cargo.toml"].into_iter().chain(named) {
        let found = std::fs::metadata(path).is_ok()
            || std::fs::read(path).is_ok()
            || std::fs::read_dir(path).is_ok()
            || std::fs::read_link(path).is_ok();
        if found {
            files.push(path);
        }
    }
    for path in ["/tmp/actionbox-trick", "trick", "../trick"] {
        if std::fs::write(path, "x").is_ok() || std::fs::create_dir(path).is_ok() {
            written.push(path);
        }
    }
    Ok(json!({ "variables": variables, "arguments": std::env::args().collect::<Vec<_>>(), "input": read,
               "folder": std::env::current_dir().is_ok_and(|folder| folder.read_dir().is_ok()),
               "files": files, "written": written }))
}

/// Tries to reach an address, and to resolve a name, without HTTP.
pub fn connect_a_socket(options: &Value) -> Report {
    let address = options["address"].as_str().unwrap_or_default();
    let tcp = std::net::TcpStream::connect(address);
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"x", address));
    let name = std::net::ToSocketAddrs::to_socket_addrs("localhost:80");
    let worked: Vec<_> = [
        ("tcp", tcp.is_ok()),
        ("listen", listener.is_ok()),
        ("udp", udp.is_ok()),
        ("name", name.is_ok_and(|mut addresses| addresses.next().is_some())),
    ]
    .into_iter()
    .filter_map(|(what, worked)| worked.then_some(what))
    .collect();
    Ok(json!(worked))
}

/// Uses a handle that nobody gave it: a number, as those of an earlier call were.
pub fn guess_a_handle(options: &Value) -> Report {
    let handle = options["handle"].as_u64().unwrap_or_default() as u32;
    // Safety: whether a number is a handle is the host's to say; that it does is what is tested.
    let found = unsafe {
        match options["kind"].as_str().unwrap_or_default() {
            "fields" => json!(Fields::from_handle(handle).entries().len()),
            "request" => json!(OutgoingRequest::from_handle(handle).path_with_query()),
            "response" => json!(IncomingResponse::from_handle(handle).status()),
            "body" => json!(IncomingBody::from_handle(handle).stream().is_ok()),
            "future" => json!(FutureIncomingResponse::from_handle(handle).get().is_some()),
            "stream" => json!(InputStream::from_handle(handle).read(1 << 10).is_ok()),
            _ => json!(Pollable::from_handle(handle).ready()),
        }
    };
    Ok(found)
}
