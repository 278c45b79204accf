//! `limits`: every bound on what a plugin can use up, as this command keeps them.

use actionbox_host::{Bound, HostLimits, Limits};
use serde_json::json;

use crate::{
    failure::{Exit, Failure},
    show::{
        self, style,
        table::{Cell, table, terminal_width},
    },
};

pub(super) fn run(as_json: bool) -> Result<Exit, Failure> {
    let (call, host) = (Limits::default().bounds(), HostLimits::default().bounds());
    match as_json {
        true => show::json(&json!({ "call": listed(&call), "host": listed(&host) }))?,
        false => show::print(&format!(
            "Passing a limit of a call ends that call; a grant can set its own.\n\n{}\n\
             Limits of the whole host:\n\n{}",
            as_table(&call),
            as_table(&host)
        ))?,
    }
    Ok(Exit::Done)
}

fn listed(bounds: &[Bound]) -> Vec<serde_json::Value> {
    let of = |bound: &Bound| {
        json!({
            "name": bound.name, "value": bound.value, "unit": bound.value.unit(), "about": bound.about,
        })
    };
    bounds.iter().map(of).collect()
}

fn as_table(bounds: &[Bound]) -> String {
    let row = |bound: &Bound| {
        [Cell::new(bound.name, style::BOLD), Cell::plain(&bound.value.to_string()), Cell::plain(&bound.about)]
    };
    table(["LIMIT", "VALUE", "WHAT AND WHY"], &bounds.iter().map(row).collect::<Vec<_>>(), terminal_width())
}
