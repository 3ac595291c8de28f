/* Reads id maps from plans and arguments. */
#include "userns.h"

#include <string.h>

int id_map_add(struct id_map *map, const char *inside, const char *outside, const char *count,
	       struct failure *failure)
{
	uint64_t in, out, length;

	if (!parse_number(inside, UINT32_MAX - 1, &in) ||
	    !parse_number(outside, UINT32_MAX - 1, &out) ||
	    !parse_number(count, UINT32_MAX - 1, &length) || length == 0 ||
	    in + length > UINT32_MAX || out + length > UINT32_MAX)
		return fail_because(failure, "map ids", inside, "not a range of ids", 0);
	if (map->count == USERNS_MAX_EXTENTS)
		return fail_because(failure, "map ids", inside, "more than 340 extents", 0);
	map->extents[map->count++] =
		(struct id_extent){(unsigned)in, (unsigned)out, (unsigned)length};
	return 0;
}

unsigned id_map_find(const struct id_map *map, unsigned inside)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct id_extent *extent = &map->extents[i];

		if (inside >= extent->inside && inside - extent->inside < extent->count)
			return extent->outside + (inside - extent->inside);
	}
	return inside;
}

static int map_from_plan(const struct plan *plan, enum plan_op op, struct id_map *map,
			 struct failure *failure)
{
	const struct plan_record *record = NULL;

	while ((record = plan_next(plan, op, record)) != NULL) {
		if (id_map_add(map, record->args[0], record->args[1], record->args[2], failure) < 0)
			return -1;
	}
	if (map->count == 0)
		return fail_because(failure, "map ids", plan_op_name(op), "missing", 0);
	return 0;
}

bool userns_of_container(const struct plan *plan, struct userns *userns, struct failure *failure)
{
	memset(userns, 0, sizeof(*userns));
	return plan_find(plan, OP_CONTAINER_UID_MAP) != NULL &&
	       map_from_plan(plan, OP_CONTAINER_UID_MAP, &userns->uids, failure) == 0 &&
	       map_from_plan(plan, OP_CONTAINER_GID_MAP, &userns->gids, failure) == 0;
}

int userns_from_plan(const struct plan *plan, struct userns *userns, struct failure *failure)
{
	memset(userns, 0, sizeof(*userns));
	userns->keepers = plan_value(plan, OP_USERNS, 0);
	userns->newuidmap = plan_value(plan, OP_MAP_HELPERS, 0);
	userns->newgidmap = plan_value(plan, OP_MAP_HELPERS, 1);
	if (map_from_plan(plan, OP_UID_MAP, &userns->uids, failure) < 0)
		return -1;
	return map_from_plan(plan, OP_GID_MAP, &userns->gids, failure);
}
