/* udp-relay.h - carries datagrams from the host's loopback to a container's. */
#ifndef BERTH_UDP_RELAY_H
#define BERTH_UDP_RELAY_H

#include <sys/types.h>

#include "plan.h"

/**
 * udp_relay_start() - Start the process that carries them for the ports that the plan names
 * @netns:	the container's network namespace
 *
 * To be called when the network helper has bound its ports. Ports that can't be bound again stay
 * the helper's.
 *
 * Return: its pid; 0 where there is nothing to do, or no process
 */
pid_t udp_relay_start(const struct plan *plan, int netns);

#endif
