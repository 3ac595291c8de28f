/* Which user a container's process runs as, looked up in the container's own passwd and group. */
#ifndef BERTH_USERS_H
#define BERTH_USERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "plan.h"

enum { MAX_GROUPS = 1024, HOME_MAX = 4096 };

struct identity {
	uid_t uid;
	gid_t gid;
	bool own_ids;		/* enters a namespace of its own; until then all is root's */
	uid_t file_uid;		/* what its files belong to from here */
	gid_t file_gid;
	bool keep_groups;	/* the caller's supplementary groups stay */
	size_t group_count;
	gid_t groups[MAX_GROUPS];
	char home[HOME_MAX];	/* `/` where passwd says nothing */
};

/**
 * identity_find() - Look up `USER[:GROUP]` and the added groups
 * @root: the container's root folder
 * @spec: names or numbers; a number is never taken for a name, NULL and empty are root
 *
 * Files that are not regular, or larger than 1 MiB, are refused; missing ones are empty.
 */
int identity_find(int root, const char *spec, const struct plan_record *added,
		  struct identity *identity, struct failure *failure);

/* The same with the texts of the two files; that of passwd is cut up. */
int identity_parse(char *passwd, const char *groups, const char *spec,
		   const struct plan_record *added, struct identity *identity,
		   struct failure *failure);

#endif
