/* The input of upsert_contact: what it may hold, and what the upstream calls it. */
#ifndef CONTACT_H
#define CONTACT_H

#include "actionbox.h"

/* How many fields there may be to set, without the address. */
enum { CONTACT_FIELDS = 8 };

/* A contact as the caller wants it to be. */
typedef struct contact {
    /* What it is found by. */
    ab_text email;
    /* What is to be set, by the upstream's names. Without the address. */
    ab_member fields[CONTACT_FIELDS];
    size_t field_count;
} contact;

/* Describes the parameters of upsert_contact. */
ab_parameters contact_parameters(void);

/* Reads a contact, and lists every problem there is, not only the first. */
const ab_error *contact_read(ab_json parameters, contact *read);

#endif
