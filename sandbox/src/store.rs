//! What one linked account holds in its connected apps.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// One contact, account, message and so on; each app has its own way to show one.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) fields: Map<String, Value>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// All records of one linked account, by app and kind, in the order of their creation.
#[derive(Debug)]
pub(crate) struct Store {
    kinds: BTreeMap<(&'static str, &'static str), Vec<Record>>,
    next_number: u64,
}

impl Store {
    /// Makes an empty store whose ids are counted from `first_number`.
    pub(crate) fn new(first_number: u64) -> Self {
        Self { kinds: BTreeMap::new(), next_number: first_number }
    }

    /// A number no other record of this account has.
    pub(crate) fn next_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    pub(crate) fn insert(
        &mut self,
        app: &'static str,
        kind: &'static str,
        id: String,
        fields: Map<String, Value>,
        now: Timestamp,
    ) -> Record {
        let record = Record { id, fields, created_at: now, updated_at: now };
        self.kinds.entry((app, kind)).or_default().push(record.clone());
        record
    }

    pub(crate) fn all(&self, app: &str, kind: &str) -> &[Record] {
        let found = self.kinds.iter().find(|((its_app, its_kind), _)| (*its_app, *its_kind) == (app, kind));
        found.map_or(&[], |(_, records)| records)
    }

    pub(crate) fn get(&self, app: &str, kind: &str, id: &str) -> Option<&Record> {
        self.all(app, kind).iter().find(|record| record.id == id)
    }

    /// Writes `fields` over those of a record; `None` if there is no such record.
    pub(crate) fn update(
        &mut self,
        app: &'static str,
        kind: &'static str,
        id: &str,
        fields: Map<String, Value>,
        now: Timestamp,
    ) -> Option<&Record> {
        let records = self.kinds.get_mut(&(app, kind))?;
        let record = records.iter_mut().find(|record| record.id == id)?;
        record.fields.extend(fields);
        record.updated_at = now;
        Some(record)
    }

    pub(crate) fn remove(&mut self, app: &'static str, kind: &'static str, id: &str) -> Option<Record> {
        let records = self.kinds.get_mut(&(app, kind))?;
        let index = records.iter().position(|record| record.id == id)?;
        Some(records.remove(index))
    }
}

impl Record {
    /// The text of a field, or nothing if it is missing or no text.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }
}
