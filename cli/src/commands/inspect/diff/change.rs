//! What can change from one plugin to the next.

use std::fmt;

use actionbox_host::{Effect, Parameter, Producer};
use serde::Serialize;

/// Everything that changed, by what it means to whoever decides on the upgrade.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// What the new plugin imports, offers or claims beyond the old one.
    pub(super) asks_for_more: Vec<Change>,
    /// What one of them did not tell, so that a change of it would not be seen.
    pub(super) not_compared: Vec<NotTold>,
    pub(super) also_changed: Vec<Change>,
}

impl Difference {
    pub(super) fn is_none(&self) -> bool {
        self.asks_for_more.is_empty() && self.not_compared.is_empty() && self.also_changed.is_empty()
    }
}

/// One of the two plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Which {
    Old,
    New,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "old",
            Self::New => "new",
        })
    }
}

/// What a plugin did not tell when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct NotTold {
    pub(super) plugin: Which,
    pub(super) app: String,
    /// The action that it is about, if it is about one.
    pub(super) action: Option<String>,
    pub(super) reason: String,
}

/// An action of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ActionOf {
    pub(super) app: String,
    pub(super) action: String,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub(super) enum Change {
    ImportAdded {
        import: String,
        /// Whether the host has it only to deny.
        denied: bool,
    },
    ImportRemoved {
        import: String,
    },
    /// The same interface, of another version.
    ImportVersion(Versions),
    ExportAdded {
        export: String,
    },
    ExportRemoved {
        export: String,
    },
    /// The same interface, of another version.
    ExportVersion(Versions),
    ActionAdded {
        #[serde(flatten)]
        of: ActionOf,
        /// Whether the upstream has no such action.
        own: bool,
        /// The effect that the host tells by its name.
        effect: Option<Effect>,
        /// The effect that the plugin claims.
        claimed_effect: Option<Effect>,
        /// What of a grant allows it, each by itself.
        granted_by: Vec<&'static str>,
    },
    ActionRemoved {
        #[serde(flatten)]
        of: ActionOf,
    },
    ClaimedEffect {
        #[serde(flatten)]
        of: ActionOf,
        old: Option<Effect>,
        new: Option<Effect>,
    },
    Name {
        #[serde(flatten)]
        of: ActionOf,
        old: String,
        new: String,
    },
    Description {
        #[serde(flatten)]
        of: ActionOf,
        old: String,
        new: String,
    },
    ParameterAdded {
        #[serde(flatten)]
        of: ActionOf,
        parameter: Parameter,
    },
    ParameterRemoved {
        #[serde(flatten)]
        of: ActionOf,
        parameter: Parameter,
    },
    ParameterChanged {
        #[serde(flatten)]
        of: ActionOf,
        old: Parameter,
        new: Parameter,
    },
    MemoryBytes {
        old: u64,
        new: u64,
    },
    Size {
        old: usize,
        new: usize,
    },
    /// The component's own word, as all of its producers.
    ClaimedProducerAdded(Producer),
    ClaimedProducerRemoved(Producer),
}

/// The versions of one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Versions {
    pub(super) interface: String,
    pub(super) old: Vec<String>,
    pub(super) new: Vec<String>,
}
