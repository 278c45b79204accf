//! The upstream traffic of calls, kept to be played again.

mod exchange;
mod file;
mod nearest;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Response, request::Parts};

pub use self::exchange::{Exchange, ExchangeOutcome};
use crate::{
    gate::{books::Stop, route::Route},
    upstream::Upstream,
};

/// The upstream traffic of calls: recorded once, and played again in tests that need no network, no account
/// and no key, and see the same answers every time.
///
/// Requests are kept as the routes they are, and answers as the plugin saw them: what the host adds beyond the
/// wall is not in it, and an answer that held a credential had been withheld. Cheap to clone; clones share one
/// recording.
///
/// ```no_run
/// use actionbox_host::{ActionHost, Cassette};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let cassette = Cassette::parse(&std::fs::read_to_string("contacts.json")?)?;
/// let host = ActionHost::builder().replay(cassette.clone()).build()?;
/// // … calls, under a grant that allows them …
/// assert_eq!(cassette.unplayed(), 0);
/// # Ok(())
/// # }
/// ```
///
/// # Security
///
/// It holds the tenant's data: what the plugin asked and was answered.
#[derive(Clone, Default)]
pub struct Cassette(Arc<Mutex<Vec<Track>>>);

/// One exchange, and whether it was played.
struct Track {
    exchange: Exchange,
    played: bool,
}

/// Why a text is no recording, and where it is not.
///
/// ```
/// use actionbox_host::Cassette;
///
/// let error = Cassette::parse(r#"{"actionbox_cassette": 2, "exchanges": []}"#).unwrap_err();
/// assert_eq!(error.to_string(), "its version is 2, and this program reads version 1");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct CassetteError {
    reason: String,
}

/// A request has no answer in the recording that is played, or none that was not played yet.
///
/// ```
/// use actionbox_host::{Error, NotRecorded};
///
/// let error = Error::NotRecorded(NotRecorded {
///     request: "execute hubspot/get_contact".to_owned(),
///     reason: "nothing is recorded".to_owned(),
/// });
/// // The plugin asks for what it did not ask for when this was recorded: another try changes nothing.
/// assert!(!error.is_retryable());
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("the cassette has no answer for {request}: {reason}")]
pub struct NotRecorded {
    /// The request, as the route it is.
    pub request: String,
    /// What the recording has instead: the nearest request, and how it differs.
    pub reason: String,
}

impl Cassette {
    /// Makes an empty one, to record on.
    ///
    /// ```no_run
    /// # use actionbox_host::{ActionHost, Cassette, Grant};
    /// # async fn example(grant: Grant) -> Result<(), Box<dyn std::error::Error>> {
    /// let cassette = Cassette::new();
    /// let host = ActionHost::builder().record(cassette.clone()).build()?;
    /// let plugin = host.load_file("plugin.wasm").await?;
    /// plugin.list_actions(&grant, "hubspot").await?;
    /// std::fs::write("contacts.json", cassette.to_json())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a recording from the text that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`CassetteError`] when it is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::Cassette;
    ///
    /// let cassette = Cassette::parse(r#"{
    ///     "actionbox_cassette": 1,
    ///     "exchanges": [{
    ///         "method": "GET",
    ///         "url": "https://app.refold.ai/api/v2/integration-schema/hubspot/actions",
    ///         "outcome": { "answered": { "status": 200, "headers": {}, "json": [] } }
    ///     }]
    /// }"#)?;
    /// assert_eq!(cassette.unplayed(), 1);
    /// # Ok::<(), actionbox_host::CassetteError>(())
    /// ```
    pub fn parse(json: &str) -> Result<Self, CassetteError> {
        let exchanges = file::read(json).map_err(|reason| CassetteError { reason })?;
        let tracks = exchanges.into_iter().map(|exchange| Track { exchange, played: false });
        Ok(Self(Arc::new(Mutex::new(tracks.collect()))))
    }

    /// Writes the recording as indented JSON, in which bodies are what they were, byte for byte.
    ///
    /// ```
    /// use actionbox_host::Cassette;
    ///
    /// let cassette = Cassette::new();
    /// // … calls of a host that records on it …
    /// let again = Cassette::parse(&cassette.to_json())?;
    /// assert_eq!(again.exchanges(), cassette.exchanges());
    /// # Ok::<(), actionbox_host::CassetteError>(())
    /// ```
    pub fn to_json(&self) -> String {
        file::write(&self.exchanges())
    }

    /// Returns what is recorded, in the order in which it ended.
    ///
    /// ```
    /// use actionbox_host::{Cassette, ExchangeOutcome};
    ///
    /// let recorded = r#"{"actionbox_cassette": 1, "exchanges": [{
    ///     "method": "GET",
    ///     "url": "https://app.refold.ai/api/v2/integration-schema/hubspot/actions",
    ///     "outcome": {"answered": {"status": 404, "headers": {}, "json": {"message": "no such app"}}}
    /// }]}"#;
    /// for exchange in Cassette::parse(recorded)?.exchanges() {
    ///     assert!(matches!(exchange.outcome, ExchangeOutcome::Answered { status: 404, .. }));
    /// }
    /// # Ok::<(), actionbox_host::CassetteError>(())
    /// ```
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lock().iter().map(|track| track.exchange.clone()).collect()
    }

    /// Returns how many recorded answers no request has asked for yet.
    ///
    /// ```no_run
    /// # use actionbox_host::{ActionHost, Cassette, Grant};
    /// # async fn example(cassette: Cassette, grant: Grant) -> Result<(), Box<dyn std::error::Error>> {
    /// let host = ActionHost::builder().replay(cassette.clone()).build()?;
    /// host.load_file("plugin.wasm").await?.list_actions(&grant, "hubspot").await?;
    /// assert_eq!(cassette.unplayed(), 0, "the plugin asks for less than it did when this was recorded");
    /// # Ok(())
    /// # }
    /// ```
    pub fn unplayed(&self) -> usize {
        self.lock().iter().filter(|track| !track.played && track.exchange.is_playable()).count()
    }

    /// Keeps a request that passed the gate, and what became of it.
    pub(crate) fn record(
        &self,
        upstream: &Upstream,
        route: &Route,
        body: &Bytes,
        result: &Result<Response<Bytes>, Stop>,
    ) {
        let outcome = ExchangeOutcome::of(result);
        self.push(Exchange { outcome, ..Exchange::asked(upstream, route, body) });
    }

    /// Keeps a request that was stopped before it had passed.
    pub(crate) fn record_stopped(&self, parts: &Parts, stop: &Stop) {
        self.push(Exchange::stopped(parts, stop));
    }

    /// Plays the answer to a request: each recorded one once, those to equal requests in their order.
    ///
    /// # Errors
    ///
    /// [`Stop`], when the recorded one had no answer, or there is none.
    pub(crate) fn play(
        &self,
        upstream: &Upstream,
        route: &Route,
        body: &Bytes,
    ) -> Result<Response<Bytes>, Stop> {
        let asked = Exchange::asked(upstream, route, body);
        let mut tracks = self.lock();
        let fits = |track: &&mut Track| {
            !track.played && track.exchange.is_playable() && track.exchange.asks_the_same(&asked)
        };
        if let Some(track) = tracks.iter_mut().find(fits) {
            track.played = true;
            return track.exchange.outcome.play();
        }
        let recorded: Vec<_> = tracks.iter().map(|track| &track.exchange).collect();
        let reason = nearest::describe(&asked, &recorded);
        Err(Stop::NotRecorded(NotRecorded { request: route.to_string(), reason }))
    }

    fn push(&self, exchange: Exchange) {
        self.lock().push(Track { exchange, played: false });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Track>> {
        // Each change is one step: a panic cannot leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette").field("exchanges", &self.lock().len()).finish_non_exhaustive()
    }
}
