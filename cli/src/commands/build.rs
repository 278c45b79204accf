//! `build`: from a project to a component, and whether this host would load it.

use super::inspect::{Detail, Look};
use crate::{
    args,
    failure::{Exit, Failure},
    process,
    project::{
        component,
        toolchain::{Talk, Toolchain},
    },
};

pub(super) async fn run(options: &args::Build, json: bool) -> Result<Exit, Failure> {
    let project = &options.dir;
    Toolchain::find(project)?.build(project, Talk::Shown).await?;
    let host = process::host(true)?.build()?;
    Look::at(&host, &component::place(project)).await?.show(json, Detail::Short)
}
