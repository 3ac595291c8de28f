/* relay.h - a client copies between its own streams and those of a container. */
#ifndef BERTH_RELAY_H
#define BERTH_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "terminal.h"

enum { RELAY_BUFFER = 65536 };

/**
 * struct relay - one direction
 * @from:	-1 when at its end
 * @to:		-1 when nobody takes anything any more
 * @keys:	keys to look for, NULL for none
 * @detached:	the keys were met
 * @ended:	the source is at its end, as against given up
 * @broken:	errno of what could not be written: EPIPE where nobody reads it; else 0
 * @spliceable:	the kernel can move pages between the two
 * @full:	it had no room for what it is to take
 * @to_socket:	it is a socket, which is told to not wait at each write
 * @never_waits:	a write takes what there is room for and does not wait
 */
struct relay {
	int from, to;
	struct detach_keys *keys;
	bool spliceable, full, to_socket, never_waits;
	bool detached, ended;
	int broken;
	size_t offset, length;
	char buffer[RELAY_BUFFER + DETACH_KEYS_MAX];
};

void relay_init(struct relay *relay, int from, int to);
int relay_own_description(int fd, int flags);
bool relay_wants_read(const struct relay *relay);
bool relay_wants_write(const struct relay *relay);
void relay_run(struct relay *relay, bool can_read, bool can_write);
void relay_drain(struct relay *relay);
void relay_close(struct relay *relay);

#endif
