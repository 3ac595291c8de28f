/* The user namespace that a user's containers share: joined through a live keeper, else made.
 * docs/launch-plan.md, "The shared user namespace", describes the keepers' folder. */
#ifndef BERTH_USERNS_H
#define BERTH_USERNS_H

#include <sys/types.h>

#include "plan.h"

enum { USERNS_MAX_EXTENTS = 340 };	/* the kernel's own limit */

struct id_extent {
	unsigned inside, outside, count;
};

struct id_map {
	size_t count;
	struct id_extent extents[USERNS_MAX_EXTENTS];
};

struct userns {
	const char *keepers;	/* folder; NULL: neither look for keepers nor become one */
	const char *newuidmap, *newgidmap;	/* NULL: write the maps directly */
	struct id_map uids, gids;
};

/* Appends one extent; checks range and overlap of numbers. */
int id_map_add(struct id_map *map, const char *inside, const char *outside, const char *count,
	       struct failure *failure);

/* Fills @userns from the plan's records; its strings stay the plan's. */
int userns_from_plan(const struct plan *plan, struct userns *userns, struct failure *failure);

/**
 * userns_enter() - Become root of the user's namespace
 * @lock: where the caller will become a keeper: gets the keepers' lock, held since the look, for
 *        userns_publish(); close-on-exec, so a caller that re-executes itself first clears that.
 *        NULL: the caller stays unknown to others (unpack workers), nothing is held afterwards.
 *
 * Afterwards all ids are 0 and all capabilities are held in the namespace.
 *
 * Should:
 *   - run single-threaded, before the caller's own pid and mount namespaces
 *   - see the host's procfs at /proc
 * Mustn't:
 *   - be called by a process that must stay joinable without executing a file again: after the
 *     change of credentials it may not be dumpable
 */
int userns_enter(const struct userns *userns, int *lock, struct failure *failure);

/* Makes the caller a keeper: KEEPERS/<host_pid> holds its start time. Closes @lock. */
int userns_publish(const char *keepers, int lock, pid_t host_pid, struct failure *failure);

/* Ends being a keeper; fails silently, since the next look drops a dead entry. */
void userns_withdraw(const char *keepers, pid_t host_pid);

/* flock(2) with @how, waiting so long at most; -1 and errno, EWOULDBLOCK when the time is over. */
int lock_in_time(int fd, int how, int patience_ms);

/* Field 22 of PROC/PATH, where @proc_fd is a folder of a procfs; 0 where it can't be read. */
unsigned long long process_start_time(int proc_fd, const char *path);

/* Whether that is the start time of a process that runs: one that nobody has reaped does not. */
bool process_lives(int proc_fd, const char *path, unsigned long long start);

/* Fills the maps of a container that has a user namespace of its own; false where it has none. */
bool userns_of_container(const struct plan *plan, struct userns *userns, struct failure *failure);

/* What stands outside for the id @inside; an id that is not mapped is itself. */
unsigned id_map_find(const struct id_map *map, unsigned inside);

/* Enters a new user namespace with these maps, written directly: the caller is root of one that
 * has all of the ids. It keeps its id, which may not be mapped. */
int userns_enter_new(const struct userns *userns, struct failure *failure);

#endif
