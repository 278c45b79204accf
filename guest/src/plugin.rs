//! What a plugin author implements, and the macro that exports it.

use crate::{Action, Error, Outcome, Parameter, Parameters};

/// A plugin: lists, describes and executes the actions of connected apps.
///
/// An app is named by its slug (`hubspot`), an action by its id (`get_contact`). Each call may run in a
/// fresh instance: a plugin keeps no state between calls. What must last, such as a cursor, travels in
/// the parameters and the data.
///
/// During [`list_actions`](Self::list_actions) and [`describe_action`](Self::describe_action) only
/// requests that list or describe actions leave the sandbox; during
/// [`execute_action`](Self::execute_action), none above the effect that the host resolved for the action.
pub trait Plugin {
    /// Lists the actions of an app.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownApp`] when there is no such app, and whatever the upstream's answer comes to.
    fn list_actions(app: &str) -> Result<Vec<Action>, Error>;

    /// Describes the parameters of an action, in the order in which a form would show them.
    ///
    /// # Errors
    ///
    /// As [`list_actions`](Self::list_actions), and [`Error::UnknownAction`] when the app has no such
    /// action.
    fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error>;

    /// Executes an action.
    ///
    /// `Ok` means that the connected app was reached, not that it did what was asked: the [`Outcome`]
    /// tells.
    ///
    /// # Errors
    ///
    /// As [`describe_action`](Self::describe_action), and [`Error::InvalidParameters`] when a parameter
    /// is missing or has a value that the action cannot take. Parameters that are no JSON object are
    /// refused before this is called.
    fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error>;
}

/// Exports a type that implements [`Plugin`] as the component's plugin. Use it once, in the crate that is
/// built as a `cdylib`.
///
/// On targets other than WebAssembly it only checks that the type is a plugin, so that the crate's unit
/// tests build and run natively.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Action, Effect, Error, Outcome, Parameter, Parameters, Plugin, export};
///
/// struct Echo;
///
/// impl Plugin for Echo {
///     fn list_actions(_app: &str) -> Result<Vec<Action>, Error> {
///         Ok(vec![Action::new("echo", "Echo").claims(Effect::Read)])
///     }
///
///     fn describe_action(_app: &str, _action: &str) -> Result<Vec<Parameter>, Error> {
///         Ok(vec![Parameter::required("text", "Text")])
///     }
///
///     fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
///         match action {
///             "echo" => Ok(Outcome::success(parameters.required_str("text")?)),
///             _ => Err(Error::unknown_action(app, action)),
///         }
///     }
/// }
///
/// export!(Echo);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: () = {
            #[allow(dead_code, reason = "used on WebAssembly only")]
            type Exported = $crate::__private::Exported<$plugin>;

            const fn is_plugin<P: $crate::Plugin>() {}
            is_plugin::<$plugin>();

            #[cfg(target_arch = "wasm32")]
    $crate::__private::export_actions!(Exported with_types_in $crate::__private);
        };
    };
}
