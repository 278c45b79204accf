/* The steps of upsert_contact: search → update what was found, or create it. */
#ifndef UPSERT_H
#define UPSERT_H

#include "contact.h"

/* Executes one of the upstream's actions. A parameter, so that the steps can be tested without one. */
typedef const ab_error *executor(ab_text action, ab_json parameters, ab_outcome *outcome);

/* Updates the contact with this address, or creates it.
 *
 * Nothing is repeated: there is no idempotency key, so a write whose answer was lost may have happened. What
 * fails in the connected app is passed on as it is. One such case is a contact that somebody else creates
 * between our search and our create: the app refuses the duplicate, and the caller may try again. */
const ab_error *upsert(const contact *wanted, executor *execute, ab_outcome *outcome);

#endif
