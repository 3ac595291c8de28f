/*
 * network-helper.c - pasta or slirp4netns, which carries a container's traffic.
 *
 * The supervisor ends it, because it would outlive its network namespace otherwise. It starts while
 * the container is still being set up. It is ready when the container's namespace has a default
 * route, because both helpers configure that last.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "network-helper.h"
#include "text-file.h"

enum { WAIT_MS = 10000, STEP_MS = 1 };

enum { PATH_SIZE = 4096 };

/* Of the namespace, for the helper: in its process alone it may still become another. */
static char netns_path[PATH_SIZE];

/*
 * Pasta closes what it has inherited before it opens the namespace (since August 2024), and by the
 * path of another process's descriptor it would need the right to trace that, which its profile of
 * AppArmor need not give. So the namespace is mounted, for the helper alone, on a file of which it
 * makes no use: the supervisor's socket.
 */
static int mount_netns(int netns)
{
	char descriptor[32];

	snprintf(descriptor, sizeof(descriptor), "/proc/self/fd/%d", netns);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount(descriptor, netns_path, NULL, MS_BIND, NULL) < 0)
		strcpy(netns_path, descriptor);
	return 0;
}

static void fill_in(char **argv)
{
	for (; *argv != NULL; argv++)
		if (strcmp(*argv, "@NETNS@") == 0)
			*argv = netns_path;
}

/**
 * network_start() - Start the helper that the plan names, if any
 * @netns:	the container's network namespace
 */
int network_start(struct helper_process *helper, const struct plan *plan, int netns,
		  struct failure *failure)
{
	const struct plan_record *record = plan_find(plan, OP_NETWORK_HELPER);
	struct helper_program program = { .kept = &netns, .kept_count = 1,
					  .prepare = mount_netns, .context = netns };

	if (record == NULL)
		return 0;
	if (netns < 0)
		return fail_because(failure, "start", record->args[0],
				    "the container has no network namespace of its own", 0);
	snprintf(netns_path, sizeof(netns_path), "%s/sock", plan_value(plan, OP_RUN_DIR, 0));
	fill_in(record->args);
	program.argv = record->args;
	return helper_start(helper, &program, failure);
}

/* IPv4: an interface's name, then the destination. IPv6: the destination first; the namespace's
 * own unreachable default has the largest metric. */
static bool has_default_route(pid_t host_pid, const char *file, const char *after)
{
	char path[64], text[4096];
	const char *line = text;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", host_pid, file);
	read_text(AT_FDCWD, path, text, sizeof(text));
	for (; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t name = after[0] == '\t' ? strcspn(line, "\t\n") : 0;

		if (strncmp(line + name, after, strlen(after)) == 0 &&
		    memmem(line, strcspn(line, "\n"), "ffffffff", 8) == NULL)
			return true;
	}
	return false;
}

/* Return: why nobody can bind this port of the host just now; 0 where one can. */
static int bind_error(const char *protocol, const char *address, uint16_t port)
{
	bool is_v6 = strchr(address, ':') != NULL, is_tcp = strcmp(protocol, "tcp") == 0;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(is_v6 ? AF_INET6 : AF_INET,
			(is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	int on = 1, error = 0;

	if (fd < 0)
		return 0;
	if (is_v6)
		inet_pton(AF_INET6, address, &v6.sin6_addr);
	else
		inet_pton(AF_INET, address, &v4.sin_addr);
	/* As servers do: connections of the last one that linger are no hindrance. */
	if (is_tcp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (is_v6 ? bind(fd, (struct sockaddr *)&v6, sizeof(v6)) < 0
		  : bind(fd, (struct sockaddr *)&v4, sizeof(v4)) < 0)
		error = errno;
	close(fd);
	return error;
}

/* Helpers say that they could not bind a port, but not why. Return: true where one is found. */
static bool port_is_refused(const struct plan *plan, struct failure *failure)
{
	const struct plan_record *port = NULL;
	char name[64];
	uint64_t number;
	int error;

	while ((port = plan_next(plan, OP_NETWORK_PORT, port)) != NULL) {
		const char *protocol = port->args[0], *address = port->args[1];

		if (!parse_number(port->args[2], UINT16_MAX, &number))
			continue;
		error = bind_error(protocol, address, (uint16_t)number);
		if (error == 0)
			continue;
		snprintf(name, sizeof(name), strchr(address, ':') ? "[%s]:%s/%s" : "%s:%s/%s",
			 address[0] != '\0' ? address : "0.0.0.0", port->args[2], protocol);
		fail(failure, "publish port", name, error);
		return true;
	}
	return false;
}

/* The helper has ended: a port that could not be had, or what it said last, is the reason. */
static int failed(struct helper_process *helper, const struct plan *plan, int status,
		  struct failure *failure)
{
	char said[sizeof(failure->reason)];

	helper->pid = 0;
	if (port_is_refused(plan, failure))
		return -1;
	helper_last_words(helper, status, said, sizeof(said));
	return fail_because(failure, "set up network with",
			    plan_value(plan, OP_NETWORK_HELPER, 0), said, 0);
}

/**
 * network_wait() - Wait until the container's network works
 * @host_pid:	the container's process 1 in the procfs at /proc
 */
int network_wait(struct helper_process *helper, const struct plan *plan, pid_t host_pid,
		 struct failure *failure)
{
	const char *name = plan_value(plan, OP_NETWORK_HELPER, 0);
	int status;

	if (helper->pid == 0)
		return 0;
	for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
		if (has_default_route(host_pid, "route", "\t00000000\t") ||
		    has_default_route(host_pid, "ipv6_route",
				      "00000000000000000000000000000000 00 "))
			return 0;
		if (waitpid(helper->pid, &status, WNOHANG) == helper->pid)
			return failed(helper, plan, status, failure);
		usleep(STEP_MS * 1000);
	}
	return fail(failure, "wait for the network of", name, ETIMEDOUT);
}

/**
 * network_end() - End the helper, and the relay of UDP ports
 *
 * Its end takes the kernel 20 ms and more, since a network device goes with it. That is waited for
 * where the helper holds ports of the host, which the next container may want. Else the end of the
 * pid namespace does, when the clients have gone.
 */
void network_end(struct helper_process *helper, pid_t *relay, const struct plan *plan)
{
	if (*relay > 0 && kill(*relay, SIGKILL) == 0 && waitpid(*relay, NULL, 0) == *relay)
		*relay = 0;
	if (helper->pid > 0) {
		kill(helper->pid, SIGKILL);
		if (plan_find(plan, OP_NETWORK_PORT) != NULL &&
		    waitpid(helper->pid, NULL, 0) == helper->pid)
			helper->pid = 0;
	}
	helper_close(helper);
}
