/* capabilities.h - the sets of the calling process, as masks of 1 << CAP_*. */
#ifndef BERTH_CAPABILITIES_H
#define BERTH_CAPABILITIES_H

#include <stdint.h>

/* -1 and errno. */
int capabilities_set(uint64_t effective, uint64_t permitted, uint64_t inheritable);

/* The capabilities that the process is permitted; none if they can't be found out. */
uint64_t capabilities_permitted(void);

/* Those of @ambient survive an execve; they must be permitted and inheritable. -1 and errno. */
int capabilities_raise_ambient(uint64_t ambient);

/* After an execve this process can have no capabilities but those of @bounding. -1 and errno. */
int capabilities_bound(uint64_t bounding);

/**
 * capabilities_give_up() - What root's caller gave to this process is gone
 *
 * For who is not root and has some all the same (become.c). Root of a user namespace keeps its own.
 */
void capabilities_give_up(void);

#endif
