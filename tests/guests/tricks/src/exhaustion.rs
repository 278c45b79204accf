//! Using up whatever there is.

use serde_json::{Value, json};

use crate::{
    Report,
    actionbox::plugin::types::Error,
    wasi::{
        clocks::monotonic_clock,
        http::{
            outgoing_handler,
            types::{Fields, Method, OutgoingRequest, Scheme},
        },
        io::poll,
        random::{insecure, random},
    },
    wire,
};

/// Computes for ever.
pub fn spin(_: &Value) -> Report {
    let mut number = 1u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}

/// Waits for ever, inside the host.
pub fn sleep(_: &Value) -> Report {
    loop {
        monotonic_clock::subscribe_duration(u64::MAX).block();
    }
}

/// Takes memory until there is no more.
pub fn allocate(_: &Value) -> Report {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}

/// Calls itself until the stack ends.
pub fn recurse(_: &Value) -> Report {
    fn deeper(depth: u64) -> u64 {
        let here = std::hint::black_box([depth; 8]);
        if depth == u64::MAX { 0 } else { deeper(depth + 1).wrapping_add(here[3]) }
    }
    Ok(json!(deeper(0)))
}

/// Writes to stdout and stderr for ever.
pub fn print(_: &Value) -> Report {
    loop {
        println!("{}", "out".repeat(100));
        eprintln!("{}", "err".repeat(100));
    }
}

/// Writes a text to stdout and to stderr, once.
pub fn print_lines(options: &Value) -> Report {
    let text = options["text"].as_str().unwrap_or_default();
    println!("{text}");
    eprintln!("{text}");
    Ok(json!({}))
}

/// Sends a request again and again, until `times` or for ever.
pub fn request_often(options: &Value) -> Report {
    let times = options["times"].as_u64().unwrap_or(u64::MAX);
    let mut last = Value::Null;
    for _ in 0..times {
        last = wire::exchange(&options["request"]);
    }
    Ok(last)
}

/// Sends a request many times at once, and reports all answers, without their bodies.
pub fn request_at_once(options: &Value) -> Report {
    let times = options["times"].as_u64().unwrap_or(2);
    let sent: Vec<_> = (0..times).map(|_| wire::start(&options["request"])).collect();
    let without_body = |mut report: Value| {
        report.as_object_mut().map(|report| report.remove("body"));
        report
    };
    let answers = sent.into_iter().map(|sent| sent.map_or_else(|e| e, |sent| wire::answer(&sent.future)));
    Ok(json!(answers.map(without_body).collect::<Vec<_>>()))
}

/// Sends a body without end, whatever length it declares.
pub fn upload(options: &Value) -> Report {
    let fields = Fields::new();
    if let Some(length) = options["length"].as_u64() {
        let _ = fields.set("content-length", &[length.to_string().into_bytes()]);
    }
    let request = OutgoingRequest::new(fields);
    let _ = request.set_method(&Method::Post);
    let _ = request.set_scheme(Some(&Scheme::Https));
    let _ = request.set_authority(Some("app.refold.ai"));
    let _ = request
        .set_path_with_query(Some("/api/v2/integration-schema/hubspot/actions/create_contact/execute"));
    let Ok(body) = request.body() else { return Ok(json!("no body")) };
    let Ok(future) = outgoing_handler::handle(request, None) else { return Ok(json!("not sent")) };
    if let Ok(stream) = body.write() {
        while stream.blocking_write_and_flush(&[b' '; 4096]).is_ok() {}
    }
    drop(body);
    Ok(wire::answer(&future))
}

/// Builds requests that it never sends, writes into each body as much as the host takes, and reports how
/// many bytes that was.
pub fn hoard_bodies(options: &Value) -> Report {
    let (mut kept, mut taken) = (Vec::new(), 0);
    for _ in 0..options["times"].as_u64().unwrap_or(1) {
        let request = OutgoingRequest::new(Fields::new());
        let Ok(body) = request.body() else { return Ok(json!("no body")) };
        let Ok(stream) = body.write() else { return Ok(json!("no stream")) };
        while let Ok(permit @ 1..) = stream.check_write() {
            if stream.write(&vec![b' '; permit as usize]).is_err() {
                break;
            }
            taken += permit;
        }
        // In the order in which they may be dropped.
        kept.push((stream, body, request));
    }
    Ok(json!(taken))
}

/// Returns more than anyone asked for.
pub fn return_much(options: &Value) -> Report {
    let size = options["bytes"].as_u64().unwrap_or(1 << 20) as usize;
    Ok(json!("x".repeat(size)))
}

/// Takes handles and gives none back.
pub fn hoard_handles(_: &Value) -> Report {
    let mut taken = Vec::new();
    loop {
        taken.push(monotonic_clock::subscribe_duration(1));
    }
}

/// Asks for random bytes.
pub fn ask_random(options: &Value) -> Report {
    Ok(json!(random::get_random_bytes(options["bytes"].as_u64().unwrap_or(1 << 30)).len()))
}

/// Builds headers without end.
pub fn build_headers(_: &Value) -> Report {
    let fields = Fields::new();
    for number in 0u64.. {
        let _ = fields.append(&format!("x-{number}"), &[b'x'; 1000]);
    }
    Ok(json!({}))
}

/// Builds headers from one list of many.
pub fn build_headers_at_once(options: &Value) -> Report {
    let count = options["count"].as_u64().unwrap_or(1 << 15);
    let list: Vec<_> = (0..count).map(|number| (format!("x{number}"), Vec::new())).collect();
    Ok(json!(Fields::from_list(&list).is_ok()))
}

/// Copies headers, and keeps all copies.
pub fn copy_headers(_: &Value) -> Report {
    let fields = Fields::new();
    let _ = fields.append("x", &[b'x'; 1000]);
    let mut kept = Vec::new();
    loop {
        kept.push(fields.clone());
    }
}

/// Builds requests that it never sends, each with a path or an authority of that many bytes, and reports
/// how many bytes the host took.
pub fn hoard_targets(options: &Value) -> Report {
    let text = "/x".repeat(options["bytes"].as_u64().unwrap_or(1 << 10) as usize / 2);
    let (mut kept, mut taken) = (Vec::new(), 0);
    for _ in 0..options["times"].as_u64().unwrap_or(1) {
        let request = OutgoingRequest::new(Fields::new());
        for set in [
            request.set_path_with_query(Some(&text)),
            request.set_authority(Some(&text.replace('/', "x"))),
            request.set_method(&Method::Other(text.replace('/', "X"))),
        ] {
            if set.is_ok() {
                taken += text.len();
            }
        }
        kept.push(request);
    }
    Ok(json!(taken))
}

/// Waits for the same thing many times at once.
pub fn poll_many(options: &Value) -> Report {
    let never = monotonic_clock::subscribe_duration(u64::MAX);
    let list = vec![&never; options["count"].as_u64().unwrap_or(1 << 20) as usize];
    Ok(json!(poll::poll(&list)))
}

/// Waits for ever, a moment at a time.
pub fn doze(_: &Value) -> Report {
    loop {
        monotonic_clock::subscribe_duration(1_000_000).block();
    }
}

/// Calls the host for ever.
pub fn call_the_host(options: &Value) -> Report {
    loop {
        match options["what"].as_str().unwrap_or_default() {
            "clock" => drop(std::hint::black_box(monotonic_clock::now())),
            "random" => drop(std::hint::black_box(random::get_random_bytes(1))),
            "handles" => drop(monotonic_clock::subscribe_duration(0)),
            "polls" => drop(monotonic_clock::subscribe_duration(0).ready()),
            "requests" => drop(OutgoingRequest::new(Fields::new())),
            _ => drop(std::env::vars().count()),
        }
    }
}

/// Asks for random bytes that need not be good.
pub fn ask_insecure_random(options: &Value) -> Report {
    let count = options["bytes"].as_u64().unwrap_or(1 << 30);
    Ok(json!(insecure::get_insecure_random_bytes(count).len()))
}

/// Takes memory in small pieces.
pub fn allocate_small(_: &Value) -> Report {
    let mut taken = Vec::new();
    loop {
        taken.push(std::hint::black_box(Box::new([1u8; 16])));
    }
}

/// Writes to stdout for ever, without ever ending a line, or nothing but ends of lines.
pub fn print_raw(options: &Value) -> Report {
    use std::io::Write as _;
    let text = options["text"].as_str().unwrap_or("x");
    loop {
        let _ = std::io::stdout().write_all(text.as_bytes());
        let _ = std::io::stdout().flush();
    }
}

/// Fails with more words than anyone asked for.
pub fn fail_at_length(options: &Value) -> Report {
    Err(Error::Other("x".repeat(options["bytes"].as_u64().unwrap_or(1 << 20) as usize)))
}
