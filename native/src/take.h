/* take.h - gives folders of the machine's root to root's containers. */
#ifndef BERTH_TAKE_H
#define BERTH_TAKE_H

#include "userns.h"

/* What at @path, and below it, has none of the ids outside becomes the first one's. */
int tree_take(const char *path, const struct userns *userns, struct failure *failure);

#endif
