/* A plugin with an action of its own, made of several upstream calls: upsert_contact for hubspot. All of
 * Refold's actions are offered beside it. */
#include "upsert.h"

static bool is_ours(ab_text app, ab_text action) {
    return ab_same(app, AB_TEXT("hubspot")) && ab_same(action, AB_TEXT("upsert_contact"));
}

const ab_error *ab_list_actions(ab_text app, ab_actions *listed) {
    const ab_error *error = ab_refold_list(app, listed);
    if (error != NULL || !ab_same(app, AB_TEXT("hubspot"))) {
        return error;
    }
    ab_actions theirs = *listed;
    ab_action *actions = ab_alloc((theirs.count + 1) * sizeof *actions);
    size_t count = 0;
    actions[count++] = (ab_action){
        .id = AB_TEXT("upsert_contact"),
        .name = AB_TEXT("Upsert Contact"),
        .description =
            AB_TEXT("Updates the contact with this e-mail address, or creates it when there is none."),
        .claimed_effect = AB_EFFECT_WRITE,
    };
    for (size_t i = 0; i < theirs.count; i++) {
        /* Should the upstream ever have one of this name, ours is the one that is executed. */
        if (!is_ours(app, theirs.items[i].id)) {
            actions[count++] = theirs.items[i];
        }
    }
    *listed = (ab_actions){actions, count};
    return NULL;
}

const ab_error *ab_describe_action(ab_text app, ab_text action, ab_parameters *described) {
    if (is_ours(app, action)) {
        *described = contact_parameters();
        return NULL;
    }
    return ab_refold_describe(app, action, described);
}

static const ab_error *execute_hubspot(ab_text action, ab_json parameters, ab_outcome *outcome) {
    return ab_refold_execute(AB_TEXT("hubspot"), action, parameters, outcome);
}

const ab_error *ab_execute_action(ab_text app, ab_text action, ab_json parameters, ab_outcome *outcome) {
    if (!is_ours(app, action)) {
        return ab_refold_execute(app, action, parameters, outcome);
    }
    contact wanted;
    const ab_error *error = contact_read(parameters, &wanted);
    return error != NULL ? error : upsert(&wanted, execute_hubspot, outcome);
}
