//! What a call did, below its outcome: its requests, where its time went, and what the plugin printed.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use actionbox_host::{CallEvent, RequestEvent};

use crate::{
    calls::{Made, is_answered},
    failure::{Asked, of_refusal},
    show::{escape, style},
};

/// Shows a call.
pub(super) fn of_call(made: &Made, lines: &[String], asked: &Asked) -> String {
    let mut text: String = made.requests.iter().map(|request| of_request(request, asked)).collect();
    let dim = style::DIM;
    let mut add = |label: &str, value: &str| {
        let _infallible = writeln!(text, "  {dim}{label:<7} {}{dim:#}", escape::text(value));
    };
    let stages = Stages::of(made);
    // A call that was refused has none.
    if stages != Stages::default() {
        let memory = bytes(made.call.memory_bytes);
        add("time", &format!("{} = {stages}; memory {memory}", time(made.call.duration)));
    }
    for line in lines {
        add("printed", line);
    }
    text
}

/// Says of which call a report is, when it is not of the one before it.
pub(super) fn of_late_call(made: &Made) -> String {
    let CallEvent { operation, app, action, result, .. } = &made.call;
    let action = action.as_ref().map_or(String::new(), |action| format!("/{action}"));
    format!("{operation} {}: {}\n", escape::text(&format!("{app}{action}")), escape::text(result))
}

fn of_request(request: &RequestEvent, asked: &Asked) -> String {
    let (dim, careful) = (style::DIM, style::CAREFUL);
    let number = format!("request {}", request.request);
    let target = escape::text(&request.target);
    if let Some(refusal) = &request.refusal {
        let reason = escape::text(&refusal.to_string());
        let next = of_refusal(refusal, asked)
            .map_or(String::new(), |hint| format!("  {dim}{:<9} next: {}{dim:#}\n", "", escape::text(&hint)));
        return format!(
            "  {dim}{number} {target}:{dim:#} {careful}refused{careful:#}{dim}: {reason}{dim:#}\n{next}"
        );
    }
    let result = match request.status {
        Some(status) if is_answered(request) => format!("status {status}"),
        Some(status) => format!("status {status}, {}", escape::text(&request.result)),
        None => escape::text(&request.result),
    };
    let tries = match request.attempts {
        1 => "1 try".to_owned(),
        attempts => format!("{attempts} tries"),
    };
    let rule = request.rule.map_or(String::new(), |rule| format!("; {rule}"));
    format!(
        "  {dim}{number} {target}: {result}, {tries}, {} out, {} in, {}{rule}{dim:#}\n",
        bytes(request.request_bytes),
        bytes(request.response_bytes),
        time(request.duration),
    )
}

/// Where the time of a call went.
///
/// `guest` is the time for which the guest ran, without its instantiation; `upstream` is what the upstream
/// took for all requests, and `gate` the rest of these requests. A guest may run on while its request is on
/// its way, and may have several on their way: then the parts are more than the whole, by `overlap`. Or they
/// are less, by `rest`: waking tasks, and reading the outcome. Either makes up the whole exactly.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Stages {
    queue: Duration,
    instantiate: Duration,
    guest: Duration,
    gate: Duration,
    upstream: Duration,
    rest: Duration,
    overlap: Duration,
}

impl Stages {
    fn of(made: &Made) -> Self {
        let Made { call, requests } = made;
        // It never ran.
        if call.cpu_time.is_zero() {
            return Self::default();
        }
        let upstream = requests.iter().map(|request| request.upstream).sum();
        let gate = requests.iter().map(|request| request.duration.saturating_sub(request.upstream)).sum();
        let instantiate = call.instantiation;
        let guest = call.cpu_time.saturating_sub(instantiate);
        let parts = call.queued + instantiate + guest + gate + upstream;
        let rest = call.duration.saturating_sub(parts);
        let overlap = parts.saturating_sub(call.duration);
        Self { queue: call.queued, instantiate, guest, gate, upstream, rest, overlap }
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stages = [
            ("queue", self.queue),
            ("instantiate", self.instantiate),
            ("guest", self.guest),
            ("gate", self.gate),
            ("upstream", self.upstream),
        ];
        for (name, took) in stages {
            write!(f, "{} {name} + ", ms(took))?;
        }
        match self.overlap.is_zero() {
            true => write!(f, "{} rest", ms(self.rest)),
            false => write!(f, "0 rest - {} overlap", ms(self.overlap)),
        }
    }
}

/// Shows a time to three digits or so.
pub(super) fn time(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", ms(time)),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// Shows a time in milliseconds.
fn ms(time: Duration) -> String {
    match time.as_secs_f64() * 1000.0 {
        0.0 => "0".to_owned(),
        ms @ ..10.0 => format!("{ms:.2}"),
        ms => format!("{ms:.0}"),
    }
}

/// Shows a number of bytes to three digits or so.
pub(super) fn bytes(bytes: usize) -> String {
    const MIB: usize = 1 << 20;
    match bytes {
        ..1024 => format!("{bytes} B"),
        1024..MIB => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use actionbox_host::{ActionId, AppSlug, Effect, Operation, Refusal, Rule, Sent};

    use super::*;
    use crate::failure::Place;

    const MS: Duration = Duration::from_millis(1);

    fn call(queued: u32, instantiation: u32, cpu: u32, whole: u32) -> CallEvent {
        CallEvent {
            call: 7,
            correlation: None,
            tenant: "acme".to_owned(),
            plugin: "sha256:0".to_owned(),
            operation: Operation::Execute,
            app: "hubspot".to_owned(),
            action: Some("get_contact".to_owned()),
            effect: Some(Effect::Read),
            result: "ok".to_owned(),
            sent: Sent::Yes,
            requests: 1,
            memory_bytes: 1_153_434,
            queued: MS * queued,
            instantiation: MS * instantiation,
            cpu_time: MS * cpu,
            started: SystemTime::UNIX_EPOCH,
            duration: MS * whole,
        }
    }

    fn request(upstream: u32, duration: u32) -> RequestEvent {
        RequestEvent {
            call: 7,
            correlation: None,
            request: 1,
            tenant: "acme".to_owned(),
            plugin: "sha256:0".to_owned(),
            target: "execute hubspot/get_contact".to_owned(),
            guest_request: String::new(),
            effect: Some(Effect::Read),
            rule: Some(Rule::Reads),
            refusal: None,
            result: "answered".to_owned(),
            status: Some(200),
            sent: Sent::Yes,
            attempts: 1,
            request_bytes: 12,
            response_bytes: 2000,
            started: SystemTime::UNIX_EPOCH,
            upstream: MS * upstream,
            duration: MS * duration,
        }
    }

    fn asked() -> Asked {
        Asked {
            app: "hubspot".to_owned(),
            action: Some("get_contact".to_owned()),
            account: "acme".to_owned(),
            base_url: "https://app.refold.ai".to_owned(),
            place: Place::Prompt,
            sandbox: false,
            changes: false,
        }
    }

    #[test]
    fn stages_are_parts_of_the_whole() {
        let table = [
            ("never ran", call(0, 0, 0, 3), vec![], [0, 0, 0, 0, 0, 0, 0]),
            ("no request", call(1, 2, 5, 10), vec![], [1, 2, 3, 0, 0, 4, 0]),
            (
                "two requests",
                call(1, 2, 5, 40),
                vec![request(10, 12), request(7, 10)],
                [1, 2, 3, 5, 17, 12, 0],
            ),
            ("at once", call(0, 1, 2, 15), vec![request(10, 11), request(10, 11)], [0, 1, 1, 2, 20, 0, 9]),
            ("clocks that disagree", call(0, 3, 2, 1), vec![request(5, 4)], [0, 3, 0, 0, 5, 0, 7]),
        ];
        for (what, call, requests, expected) in table {
            let Stages { queue, instantiate, guest, gate, upstream, rest, overlap } =
                Stages::of(&Made { call, requests });
            let stages = [queue, instantiate, guest, gate, upstream, rest, overlap];
            assert_eq!(stages, expected.map(|ms| MS * ms), "{what}");
        }
    }

    #[test]
    fn a_call_is_shown_with_its_requests_its_time_and_what_was_printed() {
        let (app, action) = (AppSlug::parse("hubspot"), ActionId::parse("create_contact"));
        let refusal = Refusal::Action {
            app: app.expect("a slug"),
            action: action.expect("an id"),
            effect: Some(Effect::Write),
        };
        let refused = RequestEvent {
            request: 2,
            target: "execute hubspot/create_contact".to_owned(),
            rule: None,
            refusal: Some(refusal),
            result: "refused".to_owned(),
            status: None,
            ..request(0, 0)
        };
        let made = Made { call: call(0, 1, 3, 20), requests: vec![request(10, 12), refused] };
        let shown = of_call(&made, &["x\u{1b}y \u{1b}".to_owned(), "z\u{1b}".to_owned()], &asked());
        let expected =
            "  request 1 execute hubspot/get_contact: status 200, 1 try, 12 B out, 2 KiB in, 12 ms; \
                        reads are granted
  request 2 execute hubspot/create_contact: refused: the grant does not allow hubspot/create_contact, which \
                        is a write
            next: --allow-write allows the writes of hubspot, --allow hubspot/create_contact this one alone
  time    20 ms = 0 queue + 1.00 instantiate + 2.00 guest + 2.00 gate + 10 upstream + 5.00 rest; memory \
                        1.1 MiB
  printed x\\u{1b}y \\u{1b}
  printed z\\u{1b}
";
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), expected);
    }

    #[test]
    fn figures_are_short() {
        for (us, shown) in
            [(0, "0 ms"), (5, "0.01 ms"), (9_990, "9.99 ms"), (12_400, "12 ms"), (1_250_000, "1.2 s")]
        {
            assert_eq!(time(Duration::from_micros(us)), shown);
        }
        for (count, shown) in [(0, "0 B"), (1023, "1023 B"), (1025, "2 KiB"), (1 << 20, "1.0 MiB")] {
            assert_eq!(bytes(count), shown);
        }
    }
}
