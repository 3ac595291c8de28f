/* copy.h - copies a tree name by name, for callers that choose what is copied. */
#ifndef BERTH_COPY_H
#define BERTH_COPY_H

#include <limits.h>
#include <sys/stat.h>

#include "userns.h"

enum { MAX_DEPTH = 200 };

/**
 * struct shift - how a copy differs
 * @uids, @gids: owners, and what stands for them outside
 * @data: where overlay finds the content, below its layer of data; NULL: content is copied
 *
 * Without maps all stays as it is, and an owner that can't be given is a failure.
 */
struct shift {
	struct id_map uids, gids;
	const char *data;
};

/* A file with more than one name, by the path of the first one below the copy. */
struct linked {
	dev_t device;
	ino_t inode;
	char *path;
};

struct copy {
	int to;
	const struct shift *shift;	/* NULL: owners stay */
	void *linked;	/* struct linked, in a tree of tsearch(3) */
	char path[PATH_MAX];	/* of what is being copied, below @to */
	unsigned depth;
};

/* Copies what is called @name in @from, with all below it. -1 and errno. */
int copy_entry(struct copy *copy, int from, int to, const char *name);

/* What is done with one name of a folder. -1 and errno. */
typedef int (*copy_visit)(void *context, const char *name);

/* Calls @visit for every name of @folder, with the name in @copy's path; ends at the first -1. */
int copy_each(struct copy *copy, int folder, copy_visit visit, void *context);

/* Owner, attributes, mode and times. -1 and errno. */
int copy_metadata(const struct copy *copy, int from, int to, const struct stat *status);

void copy_end(struct copy *copy);

#endif
