/* namespaces.h - which namespaces a container makes, shares with the caller, or joins. */
#ifndef BERTH_NAMESPACES_H
#define BERTH_NAMESPACES_H

#include "plan.h"

enum { NAMESPACES = 6 };

/**
 * struct namespaces - what a container has of each
 * @made:	CLONE_NEW* of those that are its own
 * @joined:	CLONE_NEW* of those that it shares with another container
 */
struct namespaces {
	int made, joined;
	const struct plan_record *records[NAMESPACES];
};

int namespaces_read(const struct plan *plan, struct namespaces *wanted, struct failure *failure);

/* A file of the process that a `join-pid` record names, who must be the one that was meant. -1 and
 * errno. */
int namespaces_open(const struct plan_record *record, const char *file);

/* Joins those of @which (CLONE_NEW* bits) that are to be joined. */
int namespaces_join(const struct namespaces *wanted, int which, struct failure *failure);

#endif
