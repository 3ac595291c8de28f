/* low-ports.h - ports below 1024 for root's containers. */
#ifndef BERTH_LOW_PORTS_H
#define BERTH_LOW_PORTS_H

#include <sys/types.h>

/**
 * low_ports_allow() - Processes of @uid in the cgroup @folder, and in those below, bind any port
 *
 * Where the kernel can't (before Linux 5.12, or not for this root) nothing happens: who publishes
 * such a port is told.
 */
void low_ports_allow(int folder, uid_t uid);

#endif
