//! `inspect NEW --diff OLD`: what an upgrade changes, what asks for more first.
//!
//! Both plugins are asked what they offer, against a sandbox server in this process, under a grant that only
//! reads: that is a plugin's own word, and what it may do its grant says all the same.

mod change;
mod compare;
mod side;
#[cfg(test)]
mod tests;
mod text;

use std::path::Path;

use actionbox_host::{ActionHost, Plugin};
use serde::Serialize;

use self::{
    change::{Difference, Which},
    compare::compare,
    side::{Asking, Side},
};
use super::Look;
use crate::{
    args,
    failure::{Exit, Failure},
    process,
    project::component,
    show::{self, progress},
};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    old: Component<'a>,
    new: Component<'a>,
    #[serde(flatten)]
    difference: &'a Difference,
}

#[derive(Serialize)]
struct Component<'a> {
    file: &'a str,
    digest: &'a str,
}

impl<'a> Component<'a> {
    fn of(look: &'a Look) -> Self {
        Self { file: &look.file, digest: &look.inspection.digest }
    }
}

pub(super) async fn run(options: &args::Inspect, old: &Path, json: bool) -> Result<Exit, Failure> {
    let host = process::host(!options.no_cache)?.build()?;
    let (new, new_plugin) = look(&host, &options.file, Which::New).await?;
    let (old, old_plugin) = look(&host, old, Which::Old).await?;

    let asking = Asking::begin().await?;
    let asked = progress::during("asking both for their actions", async {
        (asking.ask(&old_plugin).await, asking.ask(&new_plugin).await)
    });
    let (old_apps, new_apps) = asked.await;
    let side = |look: &Look, apps| Side::new(&look.inspection, apps);
    let difference = compare(&side(&old, old_apps), &side(&new, new_apps));

    let report = Report { old: Component::of(&old), new: Component::of(&new), difference: &difference };
    match json {
        true => show::json(&report)?,
        false => show::print(&text::text(&report))?,
    }
    Ok(Exit::Done)
}

/// Loads one of the two, and says which one it is when that cannot be done.
async fn look(host: &ActionHost, path: &Path, which: Which) -> Result<(Look, Plugin), Failure> {
    let look = Look::at(host, &component::file(path)?).await?;
    match &look.inspection.verdict {
        Ok(plugin) => {
            let plugin = plugin.clone();
            Ok((look, plugin))
        }
        Err(error) => {
            let mut failure = Failure::of_load(error);
            failure.message =
                format!("this host would not load the {which} plugin, {}: {}", look.file, failure.message);
            Err(failure)
        }
    }
}
