/* own-ids.h - gives a user who is not root a number where one id is mapped, by a user namespace
 * around the user's process. Also for containers with a map of their own: root of the shared
 * namespace sets them up, and each process enters the container's user namespace at the end. */
#ifndef BERTH_OWN_IDS_H
#define BERTH_OWN_IDS_H

#include "failure.h"
#include "users.h"

/* Decides whether the process enters one, and what its files belong to until then. */
int identity_place(struct identity *identity, const struct plan *plan, struct failure *failure);

/**
 * container_ids_enter() - Enter the user namespace of a container that has one
 * @init: the container's first process, where another one follows it; -1: the caller is the first
 *
 * Does nothing where the container has the shared namespace. Otherwise as own_ids_enter().
 */
int container_ids_enter(const struct plan *plan, int init, struct failure *failure);

/**
 * own_ids_enter() - Enter a user namespace where the caller's ids are the identity's
 *
 * Should:
 *   - be called before capabilities are dropped: the new namespace gives all of its own
 *   - be the last that needs rights over the container: its other namespaces stay where they are
 */
int own_ids_enter(int root, const struct identity *identity, struct failure *failure);

#endif
