//! From two plugins to what changed between them.

use std::collections::{BTreeMap, BTreeSet};

use actionbox_host::{ActionId, Effect, Parameter};

use super::{
    change::{ActionOf, Change, Difference, NotTold, Versions, Which},
    side::{Described, Offered, Side},
};
use crate::commands::inspect::is_denied;

/// Compares two plugins.
pub(super) fn compare(old: &Side, new: &Side) -> Difference {
    let mut difference = Difference::default();
    difference.interfaces(old, new);
    for (app, listed) in &new.apps {
        if let (Some(Ok(old)), Ok(new)) = (old.apps.get(app), listed) {
            difference.actions(app, old, new);
        }
    }
    difference.not_told(Which::Old, old);
    difference.not_told(Which::New, new);
    difference.rest(old, new);
    difference
}

impl Difference {
    fn interfaces(&mut self, old: &Side, new: &Side) {
        let imports = Interfaces::compare(&old.imports, &new.imports);
        self.asks_for_more.extend(imports.added.into_iter().map(|import| {
            let denied = is_denied(&import);
            Change::ImportAdded { import, denied }
        }));
        let exports = Interfaces::compare(&old.exports, &new.exports);
        let changes = [
            imports.removed.into_iter().map(|import| Change::ImportRemoved { import }).collect::<Vec<_>>(),
            imports.other_version.into_iter().map(Change::ImportVersion).collect(),
            exports.added.into_iter().map(|export| Change::ExportAdded { export }).collect(),
            exports.removed.into_iter().map(|export| Change::ExportRemoved { export }).collect(),
            exports.other_version.into_iter().map(Change::ExportVersion).collect(),
        ];
        self.also_changed.extend(changes.into_iter().flatten());
    }

    fn actions(&mut self, app: &str, old: &BTreeMap<String, Offered>, new: &BTreeMap<String, Offered>) {
        let of = |id: &str| ActionOf { app: app.to_owned(), action: id.to_owned() };
        for (id, offered) in new {
            match old.get(id) {
                None => self.asks_for_more.push(added(of(id), offered)),
                Some(before) => self.action(&of(id), before, offered),
            }
        }
        let removed = old.keys().filter(|id| !new.contains_key(*id));
        self.also_changed.extend(removed.map(|id| Change::ActionRemoved { of: of(id) }));
    }

    fn action(&mut self, of: &ActionOf, old: &Offered, new: &Offered) {
        if old.claimed_effect != new.claimed_effect {
            let (old, new) = (old.claimed_effect, new.claimed_effect);
            let more = new > old && new > Some(Effect::Read);
            let list = if more { &mut self.asks_for_more } else { &mut self.also_changed };
            list.push(Change::ClaimedEffect { of: of.clone(), old, new });
        }
        let changes = &mut self.also_changed;
        if old.name != new.name {
            changes.push(Change::Name { of: of.clone(), old: old.name.clone(), new: new.name.clone() });
        }
        if old.description != new.description {
            let (old, new) = (old.description.clone(), new.description.clone());
            changes.push(Change::Description { of: of.clone(), old, new });
        }
        if let (Some(Described::Takes(old)), Some(Described::Takes(new))) = (&old.own, &new.own) {
            changes.extend(parameters(of, old, new));
        }
    }

    /// Collects what a plugin was asked and did not tell, or was not asked.
    fn not_told(&mut self, plugin: Which, side: &Side) {
        for (app, listed) in &side.apps {
            let not_told = |action: Option<&String>, reason| NotTold {
                plugin,
                app: app.clone(),
                action: action.cloned(),
                reason,
            };
            let actions = match listed {
                Ok(actions) => actions,
                Err(reason) => {
                    self.not_compared.push(not_told(None, format!("does not list its actions: {reason}")));
                    continue;
                }
            };
            let mut not_asked = 0;
            for (id, offered) in actions {
                match &offered.own {
                    Some(Described::Failed(reason)) => {
                        let reason = format!("does not describe this action: {reason}");
                        self.not_compared.push(not_told(Some(id), reason));
                    }
                    Some(Described::NotAsked) => not_asked += 1,
                    Some(Described::Takes(_)) | None => {}
                }
            }
            if not_asked > 0 {
                let reason = format!("has too many actions of its own: {not_asked} were not described");
                self.not_compared.push(not_told(None, reason));
            }
        }
    }

    fn rest(&mut self, old: &Side, new: &Side) {
        let changes = &mut self.also_changed;
        if old.memory_bytes != new.memory_bytes {
            changes.push(Change::MemoryBytes { old: old.memory_bytes, new: new.memory_bytes });
        }
        if old.size != new.size {
            changes.push(Change::Size { old: old.size, new: new.size });
        }
        let (before, after) = (&old.producers, &new.producers);
        let added = after.iter().filter(|producer| !before.contains(producer));
        changes.extend(added.cloned().map(Change::ClaimedProducerAdded));
        let removed = before.iter().filter(|producer| !after.contains(producer));
        changes.extend(removed.cloned().map(Change::ClaimedProducerRemoved));
    }
}

/// What a new action is, and what it takes to be allowed.
fn added(of: ActionOf, offered: &Offered) -> Change {
    let id = ActionId::parse(&of.action).ok();
    let effect = id.as_ref().and_then(Effect::of_name);
    let own = offered.own.is_some();
    let by_name = if own { "own_action" } else { "allow_action" };
    let granted_by = match (&id, effect) {
        // What is no id is never executed.
        (None, _) => vec![],
        (_, Some(Effect::Read)) => vec![by_name, "allow_reads"],
        (_, Some(Effect::Write)) => vec![by_name, "allow_writes"],
        _ => vec![by_name],
    };
    Change::ActionAdded { of, own, effect, claimed_effect: offered.claimed_effect, granted_by }
}

fn parameters(of: &ActionOf, old: &[Parameter], new: &[Parameter]) -> Vec<Change> {
    let named = |list: &[Parameter], name: &str| list.iter().find(|one| one.name == name).cloned();
    let of = || of.clone();
    let now = new.iter().filter_map(|parameter| match named(old, &parameter.name) {
        None => Some(Change::ParameterAdded { of: of(), parameter: parameter.clone() }),
        Some(before) if before != *parameter => {
            Some(Change::ParameterChanged { of: of(), old: before, new: parameter.clone() })
        }
        Some(_) => None,
    });
    let gone = old.iter().filter(|parameter| named(new, &parameter.name).is_none());
    let gone = gone.map(|parameter| Change::ParameterRemoved { of: of(), parameter: parameter.clone() });
    now.chain(gone).collect()
}

/// How the interfaces that are imported, or exported, changed.
struct Interfaces {
    added: Vec<String>,
    removed: Vec<String>,
    other_version: Vec<Versions>,
}

impl Interfaces {
    /// Compares names; a newer tool's newer version of the same interface is no new one.
    fn compare(old: &[String], new: &[String]) -> Self {
        let (before, after) = (by_name(old), by_name(new));
        let beyond = |names: &[String], other: &BTreeMap<&str, BTreeSet<&str>>| {
            let only = names.iter().filter(|name| !other.contains_key(split(name).0));
            only.cloned().collect::<BTreeSet<_>>().into_iter().collect()
        };
        let texts = |versions: &BTreeSet<&str>| versions.iter().map(|&version| version.to_owned()).collect();
        let in_both = after.iter().filter_map(|(name, new)| Some((name, before.get(name)?, new)));
        let other_version = in_both.filter(|(_, old, new)| old != new).map(|(name, old, new)| Versions {
            interface: (*name).to_owned(),
            old: texts(old),
            new: texts(new),
        });
        Self {
            added: beyond(new, &before),
            removed: beyond(old, &after),
            other_version: other_version.collect(),
        }
    }
}

fn by_name(names: &[String]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
    for (name, version) in names.iter().map(|name| split(name)) {
        versions.entry(name).or_default().insert(version);
    }
    versions
}

fn split(interface: &str) -> (&str, &str) {
    interface.split_once('@').unwrap_or((interface, ""))
}
