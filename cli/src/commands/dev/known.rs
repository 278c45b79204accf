//! What a plugin has told of its actions, for completion: asked once, and kept until another is loaded.

use std::collections::{BTreeMap, BTreeSet};

use actionbox_host::{ActionId, AppSlug};
use actionbox_sandbox::Sandbox;

use super::complete::{self, Wanted};
use crate::{args::Allow, connect::Connection, show::escape};

/// The apps that were named, and what is known of their actions.
#[derive(Default)]
pub(super) struct Known {
    /// Of which plugin.
    digest: String,
    apps: BTreeSet<String>,
    /// By app.
    actions: BTreeMap<String, Vec<String>>,
    /// By app and action.
    parameters: BTreeMap<(String, String), Vec<String>>,
}

impl Known {
    /// Begins with the apps of a sandbox server, where calls go to one, and those that are granted by name.
    pub(super) fn new(sandbox: bool, allow: &Allow) -> Self {
        let apps = if sandbox { Sandbox::apps() } else { Vec::new() };
        let mut known = Self { apps: apps.into_iter().map(str::to_owned).collect(), ..Self::default() };
        known.allowed(allow);
        known
    }

    /// Remembers the apps that a grant names.
    pub(super) fn allowed(&mut self, allow: &Allow) {
        let named = allow.allow.iter().chain(allow.own.iter().map(|own| &own.name));
        self.apps.extend(named.map(|name| name.app.to_string()));
    }

    /// Remembers an app that was named, if it may be one.
    pub(super) fn app(&mut self, app: &str) {
        if AppSlug::parse(app).is_ok() {
            self.apps.insert(app.to_owned());
        }
    }

    /// Forgets what another plugin told.
    pub(super) fn only_of(&mut self, digest: &str) {
        if self.digest != digest {
            digest.clone_into(&mut self.digest);
            (self.actions, self.parameters) = Default::default();
        }
    }

    /// Returns what can be typed where something is wanted, each with what follows it. `connect` begins a
    /// call of the plugin, if there is one.
    pub(super) async fn candidates(
        &mut self,
        wanted: &Wanted<'_>,
        connect: impl Fn(&str, Option<&str>) -> Option<Connection>,
    ) -> Vec<String> {
        if let Some(fixed) = complete::fixed(wanted) {
            return fixed;
        }
        match *wanted {
            Wanted::App => followed(&self.apps, " "),
            Wanted::Name { app: None } => followed(&self.apps, "/"),
            Wanted::Name { app: Some(app) } => {
                let actions = self.actions(app, connect).await;
                actions.iter().map(|action| format!("{app}/{action}")).collect()
            }
            Wanted::Action { app } => followed(self.actions(app, connect).await, " "),
            Wanted::Parameter { app, action, ref given } => {
                let parameters = self.parameters(app, action, connect).await;
                followed(parameters.iter().filter(|name| !given.contains(&name.as_str())), "=")
            }
            Wanted::Command | Wanted::Option | Wanted::Nothing => Vec::new(),
        }
    }

    async fn actions(
        &mut self,
        app: &str,
        connect: impl Fn(&str, Option<&str>) -> Option<Connection>,
    ) -> &[String] {
        if !self.actions.contains_key(app)
            && let Some(to) = connect(app, None)
            // Completion is silent about what fails; the command that is typed is not.
            && let Ok(actions) = to.plugin.list_actions(&to.grant, app).await
        {
            let ids = actions.into_iter().map(|action| action.id);
            let ids = ids.filter(|id| ActionId::parse(id).is_ok()).collect();
            self.actions.insert(app.to_owned(), ids);
        }
        self.actions.get(app).map(Vec::as_slice).unwrap_or_default()
    }

    async fn parameters(
        &mut self,
        app: &str,
        action: &str,
        connect: impl Fn(&str, Option<&str>) -> Option<Connection>,
    ) -> &[String] {
        let key = (app.to_owned(), action.to_owned());
        if !self.parameters.contains_key(&key)
            && let Some(to) = connect(app, Some(action))
            && let Ok(parameters) = to.plugin.describe_action(&to.grant, app, action).await
        {
            let names = parameters.into_iter().map(|parameter| parameter.name);
            self.parameters.insert(key.clone(), names.filter(|name| can_be_typed(name)).collect());
        }
        self.parameters.get(&key).map(Vec::as_slice).unwrap_or_default()
    }
}

fn followed<'a>(names: impl IntoIterator<Item = &'a String>, by: &str) -> Vec<String> {
    names.into_iter().map(|name| format!("{name}{by}")).collect()
}

/// Tells whether a name from the plugin can be typed as it is, and does a terminal no harm.
fn can_be_typed(name: &str) -> bool {
    let special = |c: char| c.is_whitespace() || "='\"\\:@".contains(c);
    !name.is_empty() && !name.starts_with('-') && !name.contains(special) && escape::text(name) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_typed_is_not_offered() {
        for name in ["email", "first_name", "größe", "a.b"] {
            assert!(can_be_typed(name), "{name}");
        }
        for name in ["", "a b", "a=b", "a'b", "-a", "a:", "@a", "a\u{1b}[2J", "a\u{202e}b"] {
            assert!(!can_be_typed(name), "{name:?}");
        }
    }
}
