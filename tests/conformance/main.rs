//! The conformance kit, played against plugins that keep the contract and against one that does not.

use actionbox_conformance::{Conformance, Report, Verdict};
use actionbox_examples::{REFOLD, REFOLD_TYPED, UPSERT_CONTACT};

/// Returns the claims of a verdict.
fn claims(report: &Report, is: impl Fn(&Verdict) -> bool) -> Vec<&'static str> {
    report.cases.iter().filter(|case| is(&case.verdict)).map(|case| case.claim).collect()
}

fn is_skipped(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Skipped { .. })
}

async fn run(component: &[u8]) -> Report {
    Conformance::new().run(component).await.expect("a report")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_plugin_holds_everything_that_it_can_be_asked() {
    holds_what_it_can_be_asked(REFOLD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_when_it_asks_by_typed_calls() {
    holds_what_it_can_be_asked(REFOLD_TYPED).await;
}

async fn holds_what_it_can_be_asked(component: &[u8]) {
    let report = run(component).await;
    assert!(report.is_held(), "{:#?}", report.broken().collect::<Vec<_>>());
    let skipped: Vec<_> = report.cases.iter().filter(|case| is_skipped(&case.verdict)).collect();
    assert!(skipped.iter().all(|case| case.group == "own actions"), "{skipped:#?}");
    assert!(report.measures.small.is_some() && report.measures.large.is_some());
    assert!(report.measures.idle.is_none(), "every call of it makes a request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_with_an_action_of_its_own_is_asked_everything() {
    let report = run(UPSERT_CONTACT).await;
    assert!(report.is_held(), "{:#?}", report.broken().collect::<Vec<_>>());
    assert!(claims(&report, is_skipped).is_empty());
    assert!(report.measures.idle.is_some());
}

/// What is broken is found, each mistake by the claims that it breaks, and nothing else is said to be broken.
#[tokio::test(flavor = "multi_thread")]
async fn the_mistakes_of_a_sloppy_plugin_are_found() {
    let report = run(include_bytes!(concat!(env!("OUT_DIR"), "/sloppy.wasm"))).await;
    let broken = claims(&report, |verdict| matches!(verdict, Verdict::Broken { .. }));
    let expected = [
        // The first action is listed twice, and an error is an empty list.
        "every action has an id that can be called, a name, and no double",
        "a listing of 3,000 actions is passed on whole",
        "an app that does not exist is `unknown-app`",
        // Everything is text, in the order of the alphabet.
        "every kind of parameter is told, and an unknown one by its word",
        "the order of parameters is kept",
        "an action that does not exist is `unknown-action`",
        // A failure is taken for a success, and numbers are floats.
        "whole numbers keep all their digits, both ways",
        "the app's own status is passed on, and an odd one is left out",
        "200 with any word but `Success` is a failure, with its data",
        "an action that does not exist is `unknown-action` when executed",
        // Errors are flattened to a sentence, and everything is tried twice.
        "a parameter that the upstream refuses is `invalid-parameters`, and named",
        "the code of an error may be called `error` too",
        "a 400 of another code is `upstream`, with its code, message and request id",
        "a 401 is `reauthorization-required`",
        "a 403 is `reauthorization-required`",
        "an app that is not connected is `reauthorization-required`",
        "an app that is gone is `unknown-app` when executed",
        "an action that is gone is `unknown-action`",
        "a 404 of another kind is `upstream`",
        "a 429 is `throttled`, with the wait",
        "a 429 without a wait is `throttled` too",
        "a 500 is `upstream`, with its code, message and request id",
        "a gateway's HTML is `upstream`, and is not repeated as a message",
        "an error without a body is `upstream`",
        "an error whose fields have other types is `upstream`",
        "another status is `upstream`, whatever it means",
        "a 200 that is no outcome is `upstream`",
        "a listing that fails is an error, never an empty list",
        "a description that fails is an error, never an empty list",
        "an answer in the wrong shape is an error for a listing and a description",
        "a write that fails is not repeated",
        "a connection that breaks before the answer is an error, and the write is not repeated",
        "a connection that breaks in the middle of the answer is an error",
        "an answer that is withheld is an error, never a success",
        "a redirect is an error, and is not followed",
        // It looks around in the organisation.
        "it asks for nothing that is no route of the upstream",
    ];
    assert_eq!(broken, expected, "{:#?}", report.cases);
}
