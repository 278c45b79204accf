//! What all connections of one server share.

use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::auth::Caller;
use crate::clock::Clock;
use crate::envelope::Refusal;
use crate::fault::Faults;
use crate::ids::Ids;
use crate::rate::Buckets;
use crate::record::Log;
use crate::session::Sessions;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) api_key: String,
    pub(crate) deterministic: bool,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Sessions,
    pub(crate) buckets: Buckets,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// Tells those who wait that something of all this has changed.
    pub(crate) changes: watch::Sender<()>,
    /// Becomes `true` when the server stops.
    pub(crate) stopped: watch::Sender<bool>,
}

impl State {
    pub(crate) fn changed(&self) {
        self.changes.send_replace(());
    }

    /// Takes one request from the caller's share. Accounts that do not exist have none to use up: they
    /// are refused anyway.
    pub(crate) fn check_rate(&self, caller: &Caller) -> Result<(), Refusal> {
        let bucket = match caller {
            Caller::Organisation => "",
            Caller::Account(id) if self.accounts.exists(id) => id,
            Caller::Account(_) => return Ok(()),
        };
        self.buckets.take(bucket, self.clock.running()).map_err(Refusal::throttled)
    }
}
