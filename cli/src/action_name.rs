//! Actions as the options name them: `hubspot/create_contact`, and `hubspot/upsert_contact=write`.

use std::str::FromStr;

use actionbox_host::{ActionId, AppSlug, Effect};

/// An action of an app, written `APP/ACTION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionName {
    pub(crate) app: AppSlug,
    pub(crate) action: ActionId,
}

/// An action of the plugin's own and the effect that it is granted, written `APP/ACTION=EFFECT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnAction {
    pub(crate) name: ActionName,
    pub(crate) effect: Effect,
}

impl FromStr for ActionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (app, action) =
            text.split_once('/').ok_or("expected APP/ACTION, such as hubspot/create_contact")?;
        Ok(Self {
            app: AppSlug::parse(app).map_err(|error| error.to_string())?,
            action: ActionId::parse(action).map_err(|error| error.to_string())?,
        })
    }
}

impl FromStr for OwnAction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, effect) =
            text.split_once('=').ok_or("expected APP/ACTION=EFFECT, such as hubspot/upsert_contact=write")?;
        let effect = [Effect::Read, Effect::Write, Effect::Destructive, Effect::Raw]
            .into_iter()
            .find(|known| known.as_str() == effect)
            .ok_or_else(|| format!("{effect:?} is no effect: expected read, write, destructive or raw"))?;
        Ok(Self { name: name.parse()?, effect })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_an_app_and_an_action() {
        let name: ActionName = "hubspot/create_contact".parse().expect("a name");
        assert_eq!((name.app.as_str(), name.action.as_str()), ("hubspot", "create_contact"));
        for bad in ["", "hubspot", "/", "hubspot/", "/create", "HubSpot/create", "a/b/c", "hubspot/*"] {
            assert!(bad.parse::<ActionName>().is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn an_own_action_needs_a_known_effect() {
        let own: OwnAction = "hubspot/upsert_contact=write".parse().expect("an own action");
        assert_eq!(own.effect, Effect::Write);
        for bad in ["", "hubspot/upsert", "hubspot/upsert=", "hubspot/upsert=all", "upsert=write"] {
            assert!(bad.parse::<OwnAction>().is_err(), "{bad:?} must be refused");
        }
    }
}
