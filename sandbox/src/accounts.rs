//! The organisation's customers, what each has connected, and what was done for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::apps::{self, Outcome};
use crate::clock::Timestamp;
use crate::store::Store;
use crate::{catalogue, seed};

/// An execute that ran: it reached the account's store, whatever became of the answer.
///
/// A write whose answer was lost and which was then sent again is here twice.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Execution {
    /// The [`RecordedRequest::seq`](crate::RecordedRequest::seq) of the request.
    pub request: u64,
    /// The linked account it ran for.
    pub account: String,
    /// The slug of the app.
    pub app: String,
    /// The id of the action.
    pub action: String,
    /// The parameters, as they were sent.
    pub parameters: Value,
    /// What the connected app made of it: `Success` or `Errored`.
    pub node_status: String,
}

#[derive(Debug)]
struct Account {
    apps: BTreeSet<String>,
    store: Store,
}

#[derive(Debug, Default)]
struct Book {
    accounts: BTreeMap<String, Account>,
    /// How many accounts there ever were: a new one never gets the ids of one that was deleted.
    created: usize,
    executions: Vec<Execution>,
}

/// All linked accounts.
#[derive(Debug)]
pub(crate) struct Accounts {
    recorded: bool,
    book: Mutex<Book>,
}

impl Accounts {
    /// Makes an empty list, which notes executions or does not.
    pub(crate) fn new(recorded: bool) -> Self {
        Self { recorded, book: Mutex::default() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates an account, seeded, unless there is one: then it says so by `false`.
    pub(crate) fn create(&self, id: &str, apps: impl IntoIterator<Item = String>) -> bool {
        let mut book = self.book();
        if book.accounts.contains_key(id) {
            return false;
        }
        let account = Account { apps: apps.into_iter().collect(), store: seed::store(id, book.created) };
        book.created += 1;
        book.accounts.insert(id.to_owned(), account);
        true
    }

    pub(crate) fn delete(&self, id: &str) -> bool {
        self.book().accounts.remove(id).is_some()
    }

    /// Connects an account to an app; `false` if there is no such account.
    pub(crate) fn connect(&self, id: &str, app: &str) -> bool {
        self.book().accounts.get_mut(id).map(|account| account.apps.insert(app.to_owned())).is_some()
    }

    pub(crate) fn exists(&self, id: &str) -> bool {
        self.book().accounts.contains_key(id)
    }

    pub(crate) fn connected(&self, id: &str, app: &str) -> bool {
        self.book().accounts.get(id).is_some_and(|account| account.apps.contains(app))
    }

    /// Every account with the apps it is connected to.
    pub(crate) fn list(&self) -> Vec<(String, Vec<String>)> {
        let book = self.book();
        book.accounts
            .iter()
            .map(|(id, account)| (id.clone(), account.apps.iter().cloned().collect()))
            .collect()
    }

    pub(crate) fn records(&self, id: &str, app: &str, kind: &str) -> Vec<Value> {
        let book = self.book();
        book.accounts.get(id).map(|account| apps::records(&account.store, app, kind)).unwrap_or_default()
    }

    /// Runs one action against an account's store and notes that it ran; `None` without the account.
    pub(crate) fn execute(
        &self,
        request: u64,
        id: &str,
        app: &catalogue::App,
        action: &'static catalogue::Action,
        parameters: serde_json::Map<String, Value>,
        now: Timestamp,
    ) -> Option<Outcome> {
        let mut book = self.book();
        let store = &mut book.accounts.get_mut(id)?.store;
        let given = apps::Parameters::new(parameters.clone());
        let outcome = apps::run(app.slug, apps::Run { action, parameters: &given, store, now });
        if self.recorded {
            book.executions.push(Execution {
                request,
                account: id.to_owned(),
                app: app.slug.to_owned(),
                action: action.id.to_owned(),
                parameters: Value::Object(parameters),
                node_status: outcome.node_status.to_owned(),
            });
        }
        Some(outcome)
    }

    pub(crate) fn executions(&self) -> Vec<Execution> {
        self.book().executions.clone()
    }

    pub(crate) fn executed(&self) -> usize {
        self.book().executions.len()
    }
}
