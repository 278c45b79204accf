//! `completions`: a script that completes the command in a shell.

use clap::CommandFactory as _;

use crate::{
    args::{Args, Completions},
    failure::{Exit, Failure},
    show,
};

pub(super) fn run(options: &Completions) -> Result<Exit, Failure> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Args::command(), "actionbox", &mut script);
    show::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
