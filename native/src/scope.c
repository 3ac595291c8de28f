/*
 * scope.c - asks the user's systemd for a transient scope that holds the supervisor.
 *
 * The bytes were prepared beforehand: authentication, Hello, StartTransientUnit with a place for
 * the pid. They are sent at once, and the answers are read only to find an error. The request has
 * succeeded when the kernel says that this process is in another cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cgroup.h"

enum { REQUEST_MAX = 16384, ANSWER_MAX = 8192, WAIT_MS = 5000, STEP_MS = 2 };
enum { DBUS_ERROR = 3, DBUS_HEADER = 16 };

static int connect_bus(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
	} else if (fd >= 0) {
		strcpy(address.sun_path, path);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static uint32_t number_at(const unsigned char *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

/* The text of an error among little-endian messages after the line of authentication; or NULL. */
static const char *find_error(unsigned char *answer, size_t length)
{
	unsigned char *end = answer + length;
	unsigned char *at = memmem(answer, length, "\r\n", 2);

	for (at = at != NULL ? at + 2 : end; end - at >= DBUS_HEADER && at[0] == 'l';) {
		size_t body = number_at(at + 4), fields = number_at(at + 12);
		size_t start = DBUS_HEADER + ((fields + 7) & ~(size_t)7);

		if (body > ANSWER_MAX || fields > ANSWER_MAX || start + body > (size_t)(end - at))
			return NULL;
		if (at[1] == DBUS_ERROR && body > 4) {
			at[start + body - 1] = '\0';
			return (char *)at + start + 4;
		}
		at += start + body;
	}
	return NULL;
}

static int wait_for_move(int bus, const char *before, struct failure *failure)
{
	static unsigned char answer[ANSWER_MAX];
	char now[PATH_MAX];
	size_t length = 0;

	for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
		struct pollfd wait = { .fd = bus, .events = POLLIN };
		const char *error;
		ssize_t got;

		if (cgroup_own(now, sizeof(now)) == 0 && strcmp(now, before) != 0)
			return 0;
		if (length == sizeof(answer) || poll(&wait, 1, STEP_MS) <= 0) {
			usleep(length == sizeof(answer) ? STEP_MS * 1000 : 0);
			continue;
		}
		got = read(bus, answer + length, sizeof(answer) - length);
		if (got <= 0)
			return fail_because(failure, "ask systemd for", "a scope",
					    "the bus closed the connection", got < 0 ? errno : 0);
		length += (size_t)got;
		error = find_error(answer, length);
		if (error != NULL)
			return fail_because(failure, "ask systemd for", "a scope", error, 0);
	}
	return fail(failure, "wait for", "the scope that systemd makes", ETIMEDOUT);
}

/**
 * scope_enter() - Have systemd put this process into a new scope
 * @scope:	the plan's record: bus socket, bytes in hexadecimal, place of the pid
 */
int scope_enter(const struct plan_record *scope, pid_t own_pid, struct failure *failure)
{
	static unsigned char request[REQUEST_MAX];
	long size = parse_hex(scope->args[1], request, sizeof(request));
	char before[PATH_MAX];
	uint64_t place;
	int bus, result;

	if (size < 4)
		return fail_because(failure, "read plan", "scope", "not hexadecimal", 0);
	for (size_t i = 2; i < scope->count; i++) {
		if (!parse_number(scope->args[i], (uint64_t)size - 4, &place))
			return fail_because(failure, "read plan", "scope", "no place for a pid", 0);
		for (unsigned int byte = 0; byte < 4; byte++)
			request[place + byte] = (unsigned char)((uint32_t)own_pid >> (8 * byte));
	}
	if (cgroup_own(before, sizeof(before)) < 0)
		return fail(failure, "read", "/proc/self/cgroup", errno);
	bus = connect_bus(scope->args[0]);
	if (bus < 0)
		return fail(failure, "connect to", scope->args[0], errno);
	if (send(bus, request, (size_t)size, MSG_NOSIGNAL) != size)
		result = fail(failure, "ask systemd for", "a scope", errno);
	else
		result = wait_for_move(bus, before, failure);
	close(bus);
	return result;
}
