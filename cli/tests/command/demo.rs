//! The first thing that anyone sees of the project.

use actionbox_sandbox::SANDBOX_API_KEY;

use crate::harness::{actionbox, snapshot};

#[tokio::test]
async fn the_demo_does_the_whole_job_in_80_columns() {
    let done = actionbox("demo").done().await.exits(0);
    for line in done.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert_eq!(done.stderr, "");
    snapshot("demo", &done.stdout);
}

#[tokio::test]
async fn the_key_is_in_the_upstreams_view_and_not_in_the_plugins() {
    let done = actionbox("demo").done().await.exits(0);
    let (_, views) = done.stdout.split_once("WHAT THE PLUGIN SAW").expect("the two views");
    let (views, _) = views.split_once("\n\n").expect("they end");
    let sides: Vec<_> = views.lines().filter_map(|line| line.split_once('│')).collect();
    let holds = |text: &&str| text.contains(SANDBOX_API_KEY);
    assert!(!sides.iter().map(|(plugin, _)| *plugin).any(|text| holds(&text)), "{views}");
    assert_eq!(sides.iter().map(|(_, upstream)| *upstream).filter(holds).count(), 1, "{views}");
}

#[tokio::test]
async fn the_demo_as_json_is_one_document() {
    let demo = actionbox("demo --json").done().await.exits(0).json();
    assert_eq!(demo["contacts"]["results"].as_array().map(Vec::len), Some(3));
    assert_eq!(demo["read_back"], demo["created"]);
    assert_eq!(demo["refused"]["error"]["kind"], "denied");
    assert_eq!(demo["refused"]["requests"], 0);
    assert_eq!(
        (&demo["key_seen_by_plugin"], &demo["key_received_by_upstream"]),
        (&false.into(), &true.into())
    );
    assert!(!demo["plugin_saw"].to_string().contains(SANDBOX_API_KEY));
    assert!(demo["upstream_received"].to_string().contains(SANDBOX_API_KEY));
}
