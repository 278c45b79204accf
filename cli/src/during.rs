//! The call in which a request is made: `hubspot` to list or describe, `hubspot/get_contact` to execute.

use std::{fmt, str::FromStr};

use actionbox_host::{ActionId, AppSlug, Route};

use crate::action_name::ActionName;

/// A call of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum During {
    /// `list-actions` or `describe-action`.
    Discover(AppSlug),
    /// `execute-action`.
    Execute(ActionName),
}

impl During {
    /// Returns the call in which a plugin that only passes on would make a request.
    pub(crate) fn of(route: &Route) -> Self {
        match route {
            Route::Execute { app, action } => {
                Self::Execute(ActionName { app: app.clone(), action: action.clone() })
            }
            other => Self::Discover(other.app().clone()),
        }
    }

    pub(crate) fn app(&self) -> &AppSlug {
        match self {
            Self::Discover(app) => app,
            Self::Execute(name) => &name.app,
        }
    }

    pub(crate) fn action(&self) -> Option<&ActionId> {
        match self {
            Self::Discover(_) => None,
            Self::Execute(name) => Some(&name.action),
        }
    }
}

impl fmt::Display for During {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discover(app) => write!(f, "list or describe {app}"),
            Self::Execute(name) => write!(f, "execute {}/{}", name.app, name.action),
        }
    }
}

impl FromStr for During {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.contains('/') {
            true => text.parse().map(Self::Execute),
            false => AppSlug::parse(text).map(Self::Discover).map_err(|error| error.to_string()),
        }
    }
}
