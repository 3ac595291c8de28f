/* shift.h - an image's layers as one tree under other owners: the root of a container with a map of
 * its own. */
#ifndef BERTH_SHIFT_H
#define BERTH_SHIFT_H

#include "copy.h"
#include "failure.h"

/**
 * tree_shift() - Merge layers into an empty folder, as overlay would show them
 * @layers: their trees, top one first, ended by NULL
 * @shift: its maps; content is referred to where @data_root is not NULL
 * @data_root: the folder that overlay's layer of data will be; the layers lie below it
 *
 * One tree, because only the lowest layer may refer to a layer of data (overlay answers EPERM for
 * any other unless `metacopy` is on, which users may not have).
 */
int tree_shift(char *const layers[], int to, struct shift *shift, const char *data_root,
	       struct failure *failure);

#endif
