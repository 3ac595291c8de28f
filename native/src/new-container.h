/* new-container.h - a container that is made from a kept run. */
#ifndef BERTH_NEW_CONTAINER_H
#define BERTH_NEW_CONTAINER_H

#include <limits.h>
#include <stdbool.h>

#include "kept-run.h"

enum { ID_LENGTH = 64, SHORT_ID_LENGTH = 12, FILLED_MAX = 2 * KEPT_MAX };

/* A text without holes. */
struct filled {
	char *text;
	size_t size, room;
	bool overflows;
};

/**
 * struct new_container - what this container has of its own
 * @created:	milliseconds since 1970
 * @owner:	of half-made things: packages/storage/src/owner.ts
 * @directory:	where it is, once it is there, and @plan in it
 * @text:	room for one of its files
 */
struct new_container {
	const struct kept_run *run;
	char id[ID_LENGTH + 1], name[256], created[24], owner[512];
	char directory[PATH_MAX], plan[PATH_MAX];
	char text[FILLED_MAX];
};

bool container_make(struct new_container *container, const struct kept_run *run);
bool fill_holes(struct filled *out, const char *text, size_t size,
		const struct new_container *container);

#endif
