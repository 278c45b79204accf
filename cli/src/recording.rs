//! `--record` and `--replay`: a call's upstream traffic in a file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use actionbox_host::{ActionHostBuilder, Actor, Cassette};

use crate::{
    args::To,
    failure::{Exit, Failure},
    show,
    whole_file::WholeFile,
};

/// A recording that is made or played.
pub(crate) struct Recording {
    cassette: Cassette,
    file: PathBuf,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Record,
    Replay,
}

impl Recording {
    /// Prepares what the options ask for.
    ///
    /// # Errors
    ///
    /// [`Failure`] when there is no cassette to play, or none can be written.
    pub(crate) fn open(options: &To) -> Result<Option<Self>, Failure> {
        Ok(match (&options.record, &options.replay) {
            (Some(file), _) => {
                let recording = Self { cassette: Cassette::new(), file: file.clone(), way: Way::Record };
                // Whoever cannot write learns it before a call has changed something.
                recording.write()?;
                Some(recording)
            }
            (None, Some(file)) => Some(Self { cassette: read(file)?, file: file.clone(), way: Way::Replay }),
            (None, None) => None,
        })
    }

    /// Lets a host record, or play.
    pub(crate) fn put_on(&self, host: ActionHostBuilder) -> ActionHostBuilder {
        match self.way {
            Way::Record => host.record(self.cassette.clone()),
            Way::Replay => host.replay(self.cassette.clone()),
        }
    }

    /// Writes what was recorded so far.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it cannot be written.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        if self.way == Way::Replay {
            return Ok(());
        }
        let written = WholeFile::begin(&self.file).and_then(|file| file.finish(&self.cassette.to_json()));
        written.map_err(|error| {
            let message = format!("the cassette {} cannot be written", self.file.display());
            Failure::new(Exit::Operator, "output", Actor::Operator, message).because(error)
        })
    }

    /// Tells how many of the recorded requests were not made.
    pub(crate) fn tell_unplayed(&self) -> Result<(), Failure> {
        match (self.way, self.cassette.unplayed()) {
            (Way::Record, _) | (Way::Replay, 0) => Ok(()),
            (Way::Replay, unplayed) => {
                show::note(&format!("{unplayed} recorded requests were not made: {}", self.file.display()))
            }
        }
    }
}

/// Reads a recording.
///
/// # Errors
///
/// [`Failure`] when the file cannot be read, or is none.
pub(crate) fn read(file: &Path) -> Result<Cassette, Failure> {
    let refused = |message: String| Failure::new(Exit::Usage, "cassette", Actor::Caller, message);
    let text = fs::read_to_string(file).map_err(|error| {
        refused(format!("the cassette {} cannot be read", file.display()))
            .because(error)
            .hint("record one: the same command with --record FILE")
    })?;
    Cassette::parse(&text).map_err(|error| {
        refused(format!("{} is no cassette", file.display()))
            .because(error)
            .hint("record it anew: --record FILE")
    })
}
