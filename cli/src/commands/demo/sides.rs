//! One request on both sides of the wall, and the check that the key is on one side only.

use actionbox_host::RequestEvent;
use actionbox_sandbox::RecordedRequest;
use serde::Serialize;
use serde_json::{Value, json};

use super::unexpected;
use crate::failure::Failure;

/// What the plugin saw, what the upstream received, and who of them had the key.
#[derive(Serialize)]
pub(super) struct Sides {
    pub(super) plugin_saw: PluginSaw,
    pub(super) upstream_received: Option<UpstreamReceived>,
    key_seen_by_plugin: bool,
    key_received_by_upstream: bool,
    /// How many bytes of the plugin's side were searched for the key.
    #[serde(skip)]
    pub(super) searched: usize,
}

/// The plugin's side: the request as it built it, and the answer as it got it.
#[derive(Serialize)]
pub(super) struct PluginSaw {
    pub(super) request: String,
    pub(super) headers: Vec<String>,
    pub(super) body: Value,
    pub(super) status: Option<u16>,
    pub(super) answer: Value,
}

/// The upstream's side: the request as it arrived, from the sandbox server's own log.
#[derive(Serialize)]
pub(super) struct UpstreamReceived {
    pub(super) request: String,
    pub(super) headers: Vec<String>,
    pub(super) body: Value,
    pub(super) status: Option<u16>,
}

impl PluginSaw {
    pub(super) fn new(event: Option<RequestEvent>, body: Value, answer: Value) -> Self {
        let status = event.as_ref().and_then(|event| event.status);
        let shown = event.map(|event| event.guest_request).unwrap_or_default();
        let mut lines = shown.lines().map(str::to_owned);
        Self { request: lines.next().unwrap_or_default(), headers: lines.collect(), body, status, answer }
    }
}

impl UpstreamReceived {
    pub(super) fn new(request: &RecordedRequest) -> Self {
        let header =
            |(name, value): &(String, Vec<u8>)| format!("{name}: {}", String::from_utf8_lossy(value));
        Self {
            request: format!("{} {}", request.method, request.target),
            headers: request.headers.iter().map(header).collect(),
            body: request.json().unwrap_or_default(),
            status: request.answered,
        }
    }
}

impl Sides {
    /// Searches both sides for the key; on the plugin's, also all else that it sent and answered.
    pub(super) fn new(
        plugin_saw: PluginSaw,
        upstream_received: Option<UpstreamReceived>,
        all_of_the_plugin: &[String],
        key: &str,
    ) -> Self {
        let shown = json!(plugin_saw).to_string();
        let plugin_side = || all_of_the_plugin.iter().chain([&shown]);
        let received = |received: &UpstreamReceived| received.headers.iter().any(|line| line.contains(key));
        Self {
            key_seen_by_plugin: plugin_side().any(|text| text.contains(key)),
            key_received_by_upstream: upstream_received.as_ref().is_some_and(received),
            searched: plugin_side().map(String::len).sum(),
            plugin_saw,
            upstream_received,
        }
    }

    /// Checks that the key is on the upstream's side, and nowhere on the plugin's.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it is not so.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.key_seen_by_plugin {
            return Err(unexpected("the key is on the plugin's side of the wall".to_owned()));
        }
        // Without this the check above would also pass where no key is used at all.
        if !self.key_received_by_upstream {
            return Err(unexpected("the upstream did not receive the key".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    const KEY: &str = "tk_canary_0123456789";

    fn saw() -> PluginSaw {
        PluginSaw {
            request: "POST https://app.refold.ai/".to_owned(),
            headers: vec!["accept: application/json".to_owned()],
            body: json!({}),
            status: Some(200),
            answer: json!({ "id": "1" }),
        }
    }

    fn received() -> Option<UpstreamReceived> {
        let headers = vec![format!("x-api-key: {KEY}")];
        Some(UpstreamReceived { request: "POST /".to_owned(), headers, body: json!({}), status: Some(200) })
    }

    #[test]
    fn a_key_on_the_upstream_side_only_passes() {
        assert!(Sides::new(saw(), received(), &["GET /".to_owned()], KEY).check().is_ok());
    }

    #[test]
    fn a_key_anywhere_on_the_plugin_side_fails() {
        let leak = format!("x-echo: {KEY}");
        let places = [
            PluginSaw { request: leak.clone(), ..saw() },
            PluginSaw { headers: vec![leak.clone()], ..saw() },
            PluginSaw { answer: json!([leak]), ..saw() },
        ];
        for saw in places {
            let failure = Sides::new(saw, received(), &[], KEY).check().expect_err("a leak");
            assert_eq!(failure.exit, Exit::Operator);
        }
        assert!(Sides::new(saw(), received(), &[leak], KEY).check().is_err(), "in another call");
    }

    #[test]
    fn a_demonstration_without_a_key_proves_nothing() {
        assert!(Sides::new(saw(), None, &[], KEY).check().is_err());
        assert!(Sides::new(saw(), received(), &[], "tk_another_key_0123").check().is_err());
    }
}
