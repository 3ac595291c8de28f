/* Removes trees by descriptor: never follows a link, never leaves the file system it began on. */
#ifndef BERTH_REMOVE_H
#define BERTH_REMOVE_H

#include "failure.h"

/* Removes @path and all below it; that nothing is there is success. @path's own last component is
 * not followed when it is a link. Depth and width are not limited by memory or descriptors. */
int tree_remove(int dir_fd, const char *path, struct failure *failure);

#endif
