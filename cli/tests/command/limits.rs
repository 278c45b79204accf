//! `limits`: every bound that the host has, for people and for programs.

use actionbox_host::{HostLimits, Limits};

use crate::harness::actionbox;

#[tokio::test]
async fn every_limit_is_shown_with_its_value_and_its_reason() {
    let shown = actionbox("limits").done().await.exits(0).stdout;
    for bound in Limits::default().bounds().into_iter().chain(HostLimits::default().bounds()) {
        let line = shown.lines().find(|line| line.split_whitespace().next() == Some(bound.name));
        let line = line.unwrap_or_else(|| panic!("{} is missing in:\n{shown}", bound.name));
        assert!(line.contains(&bound.value.to_string()) && line.ends_with(&bound.about), "{line}");
    }
    assert!(shown.ends_with(".\n"), "{shown}");
}

#[tokio::test]
async fn programs_get_numbers_with_units() {
    let json = actionbox("limits --json").done().await.exits(0).json();
    let (call, host) = (json["call"].as_array().expect("a list"), json["host"].as_array().expect("a list"));
    let (calls, hosts) = (Limits::default().bounds(), HostLimits::default().bounds());
    assert_eq!((call.len(), host.len()), (calls.len(), hosts.len()));
    for (list, name, value, unit) in [
        (call, "memory_bytes", serde_json::json!(128 << 20), serde_json::json!("bytes")),
        (call, "cpu_time", serde_json::json!(5_000), serde_json::json!("ms")),
        (call, "handles", serde_json::json!(1_000), serde_json::Value::Null),
        (
            host,
            "account_rate",
            serde_json::json!({ "per_second": 20, "burst": 5 }),
            serde_json::json!("requests"),
        ),
        (host, "fuel", serde_json::Value::Null, serde_json::Value::Null),
    ] {
        let bound = list.iter().find(|bound| bound["name"] == name).expect(name);
        assert_eq!((&bound["value"], &bound["unit"]), (&value, &unit), "{name}");
        assert!(bound["about"].as_str().is_some_and(|about| about.contains("Default")), "{name}");
    }
}
