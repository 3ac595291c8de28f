/*
 * udp-relay.c - carries datagrams from the host's loopback to a container's.
 *
 * Theory of operation. Before July 2024 pasta lost the answers of published UDP ports whose numbers
 * differ inside and outside, when the client was on the same machine: it had connected its socket
 * in the container to the outer number. So one process for all such ports binds them on the
 * loopback address over pasta, as SO_REUSEADDR allows: the kernel gives a datagram to the socket
 * that names the address, and of two alike to the newer one. In the container each client has a
 * socket of its own, with the client's port, so the server sees who asks.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capabilities.h"
#include "descriptors.h"
#include "signals.h"
#include "supervise.h"
#include "udp-relay.h"

enum { PORTS_MAX = 64, CLIENTS_MAX = 256, BURST = 64, IDLE_MS = 180000 };

/* A published port: its socket outside, and its address in the container. */
struct port {
	int fd;
	struct sockaddr_storage server;
};

struct client {
	const struct port *port;
	struct sockaddr_storage address;
	uint64_t last;
	int fd;
};

static struct port ports[PORTS_MAX];
static struct client clients[CLIENTS_MAX];
static size_t port_count, client_count;
static char datagram[UINT16_MAX];

static socklen_t address_size(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

static struct sockaddr_storage address_of(const char *text, uint16_t number)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;

	if (strchr(text, ':') != NULL) {
		*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(number) };
		inet_pton(AF_INET6, text, &v6->sin6_addr);
	} else {
		*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(number) };
		inet_pton(AF_INET, text, &v4->sin_addr);
	}
	return address;
}

/* A socket that is bound to the address, beside others; -1 where there is none. */
static int bound(const struct sockaddr_storage *address)
{
	int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)address, address_size(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Ports that can't be had, for want of IPv6 for instance, are left to pasta. */
static void bind_ports(const struct plan *plan)
{
	const struct plan_record *record = NULL;
	uint64_t outside, inside;

	while ((record = plan_next(plan, OP_UDP_RELAY, record)) != NULL) {
		struct sockaddr_storage address;
		int fd;

		if (port_count == PORTS_MAX ||
		    !parse_number(record->args[1], UINT16_MAX, &outside) ||
		    !parse_number(record->args[2], UINT16_MAX, &inside))
			continue;
		address = address_of(record->args[0], (uint16_t)outside);
		fd = bound(&address);
		if (fd < 0)
			continue;
		address = address_of(address.ss_family == AF_INET6 ? "::1" : "127.0.0.1",
				     (uint16_t)inside);
		ports[port_count++] = (struct port){ fd, address };
	}
}

static void forget(struct client *client)
{
	close(client->fd);
	*client = clients[--client_count];
}

/* Both families keep the port in the same place. */
static in_port_t *port_of(struct sockaddr_storage *address)
{
	return &((struct sockaddr_in *)address)->sin_port;
}

/* A socket in the container with the client's port, or any where the server itself has that. */
static int connected(const struct port *port, struct sockaddr_storage *client)
{
	struct sockaddr_storage own = port->server;
	int fd = -1;

	if (*port_of(client) != *port_of(&own)) {
		*port_of(&own) = *port_of(client);
		fd = bound(&own);
	}
	if (fd < 0) {
		*port_of(&own) = 0;
		fd = bound(&own);
	}
	if (fd < 0 || connect(fd, (const struct sockaddr *)&port->server,
			      address_size(&own)) == 0)
		return fd;
	close(fd);
	return -1;
}

static struct client *new_client(const struct port *port, struct sockaddr_storage *address)
{
	struct client *oldest = clients;
	int fd = connected(port, address);

	if (fd < 0)
		return NULL;
	for (size_t i = 1; i < client_count; i++)
		if (clients[i].last < oldest->last)
			oldest = &clients[i];
	if (client_count == CLIENTS_MAX)
		forget(oldest);
	clients[client_count] = (struct client){ port, *address, 0, fd };
	return &clients[client_count++];
}

static struct client *find_client(const struct port *port, struct sockaddr_storage *address)
{
	for (size_t i = 0; i < client_count; i++)
		if (clients[i].port == port &&
		    memcmp(&clients[i].address, address, address_size(address)) == 0)
			return &clients[i];
	return new_client(port, address);
}

static void carry_in(const struct port *port, uint64_t now)
{
	for (int left = BURST; left > 0; left--) {
		struct sockaddr_storage from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(port->fd, datagram, sizeof(datagram), 0,
				       (struct sockaddr *)&from, &size);
		struct client *client = got < 0 ? NULL : find_client(port, &from);

		if (got < 0)
			return;
		if (client == NULL)
			continue;
		client->last = now;
		/* What can't be sent is lost, as datagrams may be. */
		(void)!send(client->fd, datagram, (size_t)got, 0);
	}
}

static void carry_out(struct client *client, uint64_t now)
{
	for (int left = BURST; left > 0; left--) {
		ssize_t got = recv(client->fd, datagram, sizeof(datagram), 0);

		if (got < 0)
			return;
		client->last = now;
		(void)!sendto(client->port->fd, datagram, (size_t)got, 0,
			      (const struct sockaddr *)&client->address,
			      address_size(&client->address));
	}
}

static _Noreturn void relay(void)
{
	static struct pollfd polls[PORTS_MAX + CLIENTS_MAX];

	for (;;) {
		size_t met = client_count;
		uint64_t now;

		for (size_t i = 0; i < port_count; i++)
			polls[i] = (struct pollfd){ ports[i].fd, POLLIN, 0 };
		for (size_t i = 0; i < met; i++)
			polls[port_count + i] = (struct pollfd){ clients[i].fd, POLLIN, 0 };
		if (poll(polls, port_count + met, met > 0 ? IDLE_MS : -1) < 0 && errno != EINTR)
			_exit(1);
		now = now_ms();
		/* From the last one on: the place of one that is forgotten takes the last. */
		for (size_t i = met; i-- > 0;) {
			if (polls[port_count + i].revents != 0)
				carry_out(&clients[i], now);
			else if (now - clients[i].last > IDLE_MS)
				forget(&clients[i]);
		}
		for (size_t i = 0; i < port_count; i++)
			if (polls[i].revents != 0)
				carry_in(&ports[i], now);
	}
}

pid_t udp_relay_start(const struct plan *plan, int netns)
{
	int kept[PORTS_MAX];
	pid_t pid, parent = getpid();

	if (plan_find(plan, OP_UDP_RELAY) == NULL)
		return 0;
	bind_ports(plan);
	pid = port_count > 0 ? fork() : 0;
	if (pid == 0 && port_count > 0) {
		prctl(PR_SET_NAME, "berth-udp");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || setns(netns, CLONE_NEWNET) < 0)
			_exit(1);
		for (size_t i = 0; i < port_count; i++)
			kept[i] = ports[i].fd;
		close_others(kept, port_count);
		signals_reset();
		if (capabilities_set(0, 0, 0) < 0)
			_exit(1);
		relay();
	}
	for (size_t i = 0; i < port_count; i++)
		close(ports[i].fd);
	return pid < 0 ? 0 : pid;
}
