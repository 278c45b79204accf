/* The smallest plugin: it passes on all of Refold's actions. */
#include "actionbox.h"

const ab_error *ab_list_actions(ab_text app, ab_actions *listed) {
    return ab_refold_list(app, listed);
}

const ab_error *ab_describe_action(ab_text app, ab_text action, ab_parameters *described) {
    return ab_refold_describe(app, action, described);
}

const ab_error *ab_execute_action(ab_text app, ab_text action, ab_json parameters, ab_outcome *outcome) {
    return ab_refold_execute(app, action, parameters, outcome);
}
