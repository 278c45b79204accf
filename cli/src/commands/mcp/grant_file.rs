//! The file that says what is allowed.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Read as _,
    path::Path,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use actionbox_host::{Actor, AppSlug, ConfigError};
use actionbox_service::Allow;
use notify::{RecursiveMode, Watcher as _};
use serde::Deserialize;
use tokio::sync::mpsc as to_receive;

use super::source::Allowed;
use crate::{
    connect::Setup,
    failure::{Exit, Failure},
};

/// The largest file.
const BYTES: u64 = 1 << 20;
/// How long its folder has to be quiet after a change: an editor may write in several steps.
const QUIET: Duration = Duration::from_millis(50);

/// What the file says, in the words of a grant of `actionbox serve`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantFile {
    allow: Vec<Allow>,
}

/// Reads what is allowed, app by app.
///
/// # Errors
///
/// [`Failure`] when the file cannot be read, or says what no grant can be made of.
pub(super) fn read(path: &Path, setup: &Setup) -> Result<Vec<Allowed>, Failure> {
    let failure = |what: &str| {
        let message = format!("the grant in {} {what}", path.display());
        Failure::new(Exit::Usage, "grant", Actor::Caller, message).hint(
            "it is such as {\"allow\": [{\"app\": \"hubspot\", \"read\": true, \"actions\": [{\"id\": \
             \"create_contact\"}]}]}",
        )
    };
    let text = text(path).map_err(|error| failure("cannot be read").because(error))?;
    let file: GrantFile = serde_json::from_str(&text).map_err(|error| failure("is none").because(error))?;
    let invalid = |error: ConfigError| failure("names what is no app or action").because(error);
    let grant = file.allow.iter().fold(setup.grant(), |grant, allow| allow.onto(grant));
    let grant = grant.build().map_err(invalid)?;
    let mut apps = Vec::new();
    for Allow { app, .. } in &file.allow {
        let app = AppSlug::parse(app).map_err(|error| invalid(error.into()))?;
        if !apps.contains(&app) {
            apps.push(app);
        }
    }
    Ok(apps.into_iter().map(|app| Allowed { app, grant: grant.clone() }).collect())
}

fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    file.take(BYTES + 1).read_to_string(&mut text)?;
    match text.len() as u64 > BYTES {
        true => Err(std::io::Error::other(format!("it is larger than {BYTES} bytes"))),
        false => Ok(text),
    }
}

/// Tells whenever the file has another content, until the receiver is dropped.
///
/// Its folder is watched, not the file: editors put a new file in place of the old one, and what mounts configuration
/// turns a link.
///
/// # Errors
///
/// When the system does not watch it, or starts no thread.
pub(super) fn watch(path: &Path) -> Result<to_receive::Receiver<()>, notify::Error> {
    let (sender, touched) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(sender)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    watcher.watch(&folder.canonicalize()?, RecursiveMode::NonRecursive)?;
    let (changed, receiver) = to_receive::channel(1);
    let (path, mut seen) = (path.to_owned(), digest(path));
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        // Kept as long as this goes on.
        let _watcher = watcher;
        let mut is_touched = false;
        while !changed.is_closed() {
            let event = match is_touched {
                true => touched.recv_timeout(QUIET),
                false => touched.recv().map_err(RecvTimeoutError::from),
            };
            match event {
                // Reading is no change, and what looks here reads too. An error may hide one.
                Ok(event) => is_touched |= event.is_err() || event.is_ok_and(|event| !event.kind.is_access()),
                Err(RecvTimeoutError::Timeout) => {
                    is_touched = false;
                    let now = digest(&path);
                    if now != seen {
                        seen = now;
                        // When there is one to be received already, it tells of this change as well.
                        let _one_is_enough = changed.try_send(());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    })?;
    Ok(receiver)
}

/// Returns what tells whether the content is another; the same for each file that cannot be read.
fn digest(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    text(path).ok().hash(&mut hasher);
    hasher.finish()
}
