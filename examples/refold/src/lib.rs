//! The reference plugin: passes on all of Refold's actions, and adds none.

use actionbox_guest::{Action, Error, Outcome, Parameter, Parameters, Plugin, export, refold};

struct Refold;

impl Plugin for Refold {
    fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
        refold::list_actions(app)
    }

    fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
        refold::describe_action(app, action)
    }

    fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
        refold::execute_action(app, action, &parameters)
    }
}

export!(Refold);
