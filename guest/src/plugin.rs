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
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Action, Effect, Error, Outcome, Parameter, Parameters, Plugin, serde_json::json};
///
/// struct Greeter;
///
/// impl Plugin for Greeter {
///     fn list_actions(_app: &str) -> Result<Vec<Action>, Error> {
///         Ok(vec![Action::new("greet", "Greet").claims(Effect::Read)])
///     }
///
///     fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
///         match action {
///             "greet" => Ok(vec![Parameter::required("name", "Name")]),
///             _ => Err(Error::unknown_action(app, action)),
///         }
///     }
///
///     fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
///         match action {
///             "greet" => Ok(Outcome::success(format!("Hello, {}", parameters.required_str("name")?))),
///             _ => Err(Error::unknown_action(app, action)),
///         }
///     }
/// }
///
/// // What makes no request is tested without a sandbox.
/// let greeted = Greeter::execute_action("hubspot", "greet", [("name", "Ada")].into())?;
/// assert_eq!(greeted, Outcome::success(json!("Hello, Ada")));
/// # Ok::<(), Error>(())
/// ```
pub trait Plugin {
    /// Lists the actions of an app.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownApp`] when there is no such app, and whatever the upstream's answer comes to.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actionbox_guest::{Action, Error, Outcome, Parameter, Parameters, Plugin};
    /// # struct Contacts;
    /// # impl Plugin for Contacts {
    /// fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
    ///     match app {
    ///         "hubspot" => Ok(vec![Action::new("count_contacts", "Count contacts")]),
    ///         _ => Err(Error::unknown_app(app)),
    ///     }
    /// }
    /// # fn describe_action(_: &str, _: &str) -> Result<Vec<Parameter>, Error> { Ok(vec![]) }
    /// # fn execute_action(_: &str, _: &str, _: Parameters) -> Result<Outcome, Error> {
    /// #     Ok(Outcome::success(0))
    /// # }
    /// # }
    /// # assert_eq!(Contacts::list_actions("x"), Err(Error::unknown_app("x")));
    /// ```
    fn list_actions(app: &str) -> Result<Vec<Action>, Error>;

    /// Describes the parameters of an action, in the order in which a form would show them.
    ///
    /// # Errors
    ///
    /// As [`list_actions`](Self::list_actions), and [`Error::UnknownAction`] when the app has no such
    /// action.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actionbox_guest::{Action, Error, Outcome, Parameter, Parameters, Plugin};
    /// # struct Contacts;
    /// # impl Plugin for Contacts {
    /// # fn list_actions(_: &str) -> Result<Vec<Action>, Error> { Ok(vec![]) }
    /// fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
    ///     match action {
    ///         "upsert_contact" => Ok(vec![Parameter::required("email", "E-mail")]),
    ///         _ => Err(Error::unknown_action(app, action)),
    ///     }
    /// }
    /// # fn execute_action(_: &str, _: &str, _: Parameters) -> Result<Outcome, Error> {
    /// #     Ok(Outcome::success(0))
    /// # }
    /// # }
    /// # assert_eq!(Contacts::describe_action("hubspot", "x"), Err(Error::unknown_action("hubspot", "x")));
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use actionbox_guest::{Action, Error, Outcome, Parameter, Parameters, Plugin, refold};
    /// # struct Contacts;
    /// # impl Plugin for Contacts {
    /// # fn list_actions(_: &str) -> Result<Vec<Action>, Error> { Ok(vec![]) }
    /// # fn describe_action(_: &str, _: &str) -> Result<Vec<Parameter>, Error> { Ok(vec![]) }
    /// fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
    ///     match action {
    ///         "find_contact" => {
    ///             let email = parameters.required_str("email")?;
    ///             let search = [("propertyName", "email"), ("operator", "EQ"), ("value", email)].into();
    ///             refold::execute_action(app, "search_contacts", &search)
    ///         }
    ///         _ => Err(Error::unknown_action(app, action)),
    ///     }
    /// }
    /// # }
    /// # let error = Contacts::execute_action("hubspot", "find_contact", Parameters::new()).unwrap_err();
    /// # assert_eq!(error, Error::missing("email"));
    /// ```
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
