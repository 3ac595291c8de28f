/* own-ids.h - a user who is not root where one id is mapped: a user namespace around its process
 * gives that id the user's number. */
#ifndef BERTH_OWN_IDS_H
#define BERTH_OWN_IDS_H

#include "failure.h"
#include "users.h"

/* Decides whether the process enters one, and what its files belong to until then. */
void identity_place(struct identity *identity, bool one_id);

/**
 * own_ids_enter() - Enter a user namespace where the caller's ids are the identity's
 *
 * Should:
 *   - be called before capabilities are dropped: the new namespace gives all of its own
 *   - be the last that needs rights over the container: its other namespaces stay where they are
 */
int own_ids_enter(int root, const struct identity *identity, struct failure *failure);

#endif
