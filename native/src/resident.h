/* resident.h - what a waiting supervisor keeps in memory. */
#ifndef BERTH_RESIDENT_H
#define BERTH_RESIDENT_H

#include <poll.h>

int resident_poll(struct pollfd *polls, unsigned int count, int timeout_ms);

#endif
