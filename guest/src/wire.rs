//! Between the types of this crate and those of the generated bindings.

use std::marker::PhantomData;

use crate::{
    Action, Effect, Error, Outcome, Parameter, ParameterKind, Parameters, Plugin, Problem,
    bindings::{actionbox::plugin::types as wit, exports::actionbox::plugin::actions::Guest},
};

/// A plugin as the component exports it.
#[doc(hidden)]
pub struct Exported<P>(PhantomData<P>);

impl<P: Plugin> Guest for Exported<P> {
    fn list_actions(app: String) -> Result<Vec<wit::Action>, wit::Error> {
        Ok(into_all(P::list_actions(&app)?))
    }

    fn describe_action(app: String, action: String) -> Result<Vec<wit::Parameter>, wit::Error> {
        Ok(into_all(P::describe_action(&app, &action)?))
    }

    fn execute_action(app: String, action: String, parameters: String) -> Result<wit::Outcome, wit::Error> {
        Ok(P::execute_action(&app, &action, Parameters::from_text(parameters)?)?.into())
    }
}

fn into_all<T, U: From<T>>(items: Vec<T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}

impl From<Effect> for wit::Effect {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Read => Self::Read,
            Effect::Write => Self::Write,
            Effect::Destructive => Self::Destructive,
            Effect::Raw => Self::Raw,
        }
    }
}

impl From<Action> for wit::Action {
    fn from(action: Action) -> Self {
        let Action { id, name, description, tag, claimed_effect } = action;
        Self { id, name, description, tag, claimed_effect: claimed_effect.map(Into::into) }
    }
}

impl From<ParameterKind> for wit::ParameterKind {
    fn from(kind: ParameterKind) -> Self {
        match kind {
            ParameterKind::Text => Self::Text,
            ParameterKind::Email => Self::Email,
            ParameterKind::Number => Self::Number,
            ParameterKind::Textarea => Self::Textarea,
            ParameterKind::Url => Self::Url,
            ParameterKind::Json => Self::Json,
            ParameterKind::Other(word) => Self::Other(word),
        }
    }
}

impl From<Parameter> for wit::Parameter {
    fn from(parameter: Parameter) -> Self {
        let Parameter { name, label, required, kind } = parameter;
        Self { name, label, required, kind: kind.into() }
    }
}

impl From<Outcome> for wit::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded(success) => Self::Succeeded(wit::Success {
                http_status: success.http_status,
                data: success.data.into_text(),
            }),
            Outcome::Failed(failure) => Self::Failed(wit::Failure {
                node_status: failure.node_status,
                http_status: failure.http_status,
                data: failure.data.into_text(),
            }),
        }
    }
}

impl From<Problem> for wit::Problem {
    fn from(Problem { parameter, message }: Problem) -> Self {
        Self { parameter, message }
    }
}

impl From<Error> for wit::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownApp(app) => Self::UnknownApp(app),
            Error::UnknownAction { app, action } => {
                Self::UnknownAction(wit::MissingAction { app, action_id: action })
            }
            Error::InvalidParameters(problems) => Self::InvalidParameters(into_all(problems)),
            Error::ReauthorizationRequired(reason) => Self::ReauthorizationRequired(reason),
            Error::Denied(reason) => Self::Denied(reason),
            Error::Throttled { retry_after } => {
                let in_ms = |wait: std::time::Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                Self::Throttled(wit::Throttle { retry_after_ms: retry_after.map(in_ms) })
            }
            Error::Upstream(failure) => Self::Upstream(wit::UpstreamFailure {
                status: failure.status,
                code: failure.code,
                message: failure.message,
                request_id: failure.request_id,
            }),
            Error::Other(message) => Self::Other(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct NeverExecuted;

    impl Plugin for NeverExecuted {
        fn list_actions(_app: &str) -> Result<Vec<Action>, Error> {
            Ok(vec![Action::new("a", "A").tag("v2").claims(Effect::Raw)])
        }

        fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
            Err(Error::unknown_action(app, action))
        }

        fn execute_action(_app: &str, _action: &str, _parameters: Parameters) -> Result<Outcome, Error> {
            panic!("the plugin's code ran")
        }
    }

    #[test]
    fn parameters_that_are_no_object_never_reach_the_plugin() {
        for bad in ["", "[]", "{", "null"] {
            let answer = Exported::<NeverExecuted>::execute_action("app".into(), "act".into(), bad.into());
            assert!(matches!(answer, Err(wit::Error::InvalidParameters(_))), "{bad}");
        }
    }

    #[test]
    fn what_a_plugin_returns_crosses_whole() {
        let listed = Exported::<NeverExecuted>::list_actions("app".into()).expect("a listing");
        assert_eq!((listed[0].id.as_str(), listed[0].tag.as_deref()), ("a", Some("v2")));
        assert!(matches!(listed[0].claimed_effect, Some(wit::Effect::Raw)));
        let error = Exported::<NeverExecuted>::describe_action("app".into(), "act".into()).unwrap_err();
        assert!(matches!(error, wit::Error::UnknownAction(missing) if missing.action_id == "act"));
        let throttled = Error::Throttled { retry_after: Some(Duration::from_secs(2)) }.into();
        assert!(matches!(throttled, wit::Error::Throttled(t) if t.retry_after_ms == Some(2000)));
    }
}
