//! `list`: the actions of an app, and which of them the grant allows.

use actionbox_host::{Action, ActionId, Effect};

use crate::{
    args,
    connect::Connection,
    failure::{Exit, Failure},
    show::{
        self, progress, style,
        table::{Cell, table, terminal_width},
    },
};

pub(super) async fn run(options: &args::List, json: bool) -> Result<Exit, Failure> {
    let connection = Connection::open(&options.connect, &options.app, None).await?;
    let listing = connection.plugin.list_actions(&connection.grant, &options.app);
    let actions = connection.conclude(progress::during("listing the actions", listing).await)?;
    show(&actions, json)
}

/// Shows actions.
pub(super) fn show(actions: &[Action], json: bool) -> Result<Exit, Failure> {
    match json {
        true => show::json(&actions)?,
        false => show::print(&as_table(actions, terminal_width()))?,
    }
    Ok(Exit::Done)
}

/// Shows actions to people.
pub(super) fn as_table(actions: &[Action], width: Option<usize>) -> String {
    let rows: Vec<_> = actions
        .iter()
        .map(|action| {
            let (allowed, allowed_style) = match (action.effect, effect_of(action)) {
                (Some(_), _) => ("yes", style::GOOD),
                (None, Some(Effect::Write)) => ("--allow-write", style::PLAIN),
                (None, _) => ("--allow", style::PLAIN),
            };
            let effect = effect_of(action);
            [
                Cell::plain(&action.id),
                Cell::new(effect.map_or("unknown", Effect::as_str), effect_style(effect)),
                Cell::new(allowed, allowed_style),
                Cell::plain(if action.description.is_empty() { &action.name } else { &action.description }),
            ]
        })
        .collect();
    table(["ACTION", "EFFECT", "ALLOWED", "WHAT IT DOES"], &rows, width)
}

/// Returns the effect that the host takes an action for, granted or not.
fn effect_of(action: &Action) -> Option<Effect> {
    action.effect.or_else(|| Effect::of_name(&ActionId::parse(&action.id).ok()?))
}

fn effect_style(effect: Option<Effect>) -> anstyle::Style {
    match effect {
        Some(Effect::Read) => style::GOOD,
        Some(Effect::Write) => style::CAREFUL,
        Some(Effect::Destructive | Effect::Raw) | None => style::BAD,
    }
}
