/*
 * relay.c - a client copies between its own streams and those of a container.
 *
 * A client must be able to answer signals while the reader of its output is slow, so no write may
 * wait. O_NONBLOCK belongs to the open file, which the caller and its other children share. So it
 * is set only on open files of our own, which we get by opening the same pipe or terminal again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay.h"

/* A pipe or terminal that poll() calls writable takes this much without waiting. */
enum { SAFE_WRITE = 4096 };

/**
 * relay_own_description() - Open the pipe or terminal behind @fd once more, not waiting
 *
 * Return: the new descriptor, or @fd where that can't be had: other types never wait (files), or
 * share their state in any case (sockets).
 */
int relay_own_description(int fd, int flags)
{
	struct stat status;
	char path[32];
	int own;

	if (fstat(fd, &status) < 0 || (!S_ISFIFO(status.st_mode) && !isatty(fd)))
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own < 0 ? fd : own;
}

static mode_t type_of(int fd)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

/* Between others splice() is refused or may wait. */
static bool is_pipe_or_file(mode_t type)
{
	return type == S_IFIFO || type == S_IFREG;
}

/**
 * relay_init() - Prepare copying; -1 for a direction that is not copied
 */
void relay_init(struct relay *relay, int from, int to)
{
	mode_t target = type_of(to);

	relay->from = from;
	relay->to = to;
	relay->keys = NULL;
	relay->spliceable = is_pipe_or_file(type_of(from)) && is_pipe_or_file(target);
	relay->to_socket = target == S_IFSOCK;
	relay->never_waits = target == S_IFREG ||
			     (target != 0 && (fcntl(to, F_GETFL) & O_NONBLOCK) != 0);
	relay->full = relay->detached = relay->ended = false;
	relay->broken = 0;
	relay->offset = relay->length = 0;
}

/**
 * relay_close() - Give a direction up
 */
void relay_close(struct relay *relay)
{
	if (relay->from > 2)
		close(relay->from);
	if (relay->to > 2)
		close(relay->to);
	relay->from = relay->to = -1;
	relay->offset = relay->length = 0;
	relay->full = false;
}

bool relay_wants_read(const struct relay *relay)
{
	return relay->from >= 0 && relay->length == 0 && !relay->full;
}

bool relay_wants_write(const struct relay *relay)
{
	return relay->to >= 0 && (relay->length > 0 || relay->full);
}

static bool is_ready(int fd, short events, int timeout)
{
	struct pollfd wait = { .fd = fd, .events = events };

	return poll(&wait, 1, timeout) > 0;
}

static void at_end(struct relay *relay)
{
	relay->ended = true;
	relay_close(relay);
}

/* Return: true when it did all that can be done now, false where read and write must do it. */
static bool splice_once(struct relay *relay)
{
	ssize_t moved;

	if (!relay->spliceable || relay->keys != NULL)
		return false;
	moved = splice(relay->from, NULL, relay->to, NULL, 1 << 20,
		       SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (moved > 0)
		return true;
	if (moved == 0) {
		at_end(relay);
		return true;
	}
	if (errno == EPIPE) {
		relay->broken = EPIPE;
		relay_close(relay);
		return true;
	}
	if (errno == EINVAL)
		relay->spliceable = false;
	else if (errno == EAGAIN)
		relay->full = !is_ready(relay->to, POLLOUT, 0);
	return relay->full;
}

static void read_once(struct relay *relay)
{
	char raw[SAFE_WRITE];
	size_t room = relay->keys != NULL ? sizeof(raw) : RELAY_BUFFER;
	ssize_t got = read(relay->from, relay->keys != NULL ? raw : relay->buffer, room);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		at_end(relay);
		return;
	}
	relay->offset = 0;
	relay->length = (size_t)got;
	if (relay->keys != NULL)
		relay->detached = detach_keys_scan(relay->keys, raw, (size_t)got, relay->buffer,
						   &relay->length);
}

static void write_once(struct relay *relay)
{
	const char *from = relay->buffer + relay->offset;
	size_t length = relay->length;
	ssize_t wrote;

	if (!relay->never_waits && length > SAFE_WRITE)
		length = SAFE_WRITE;
	if (relay->to_socket)
		wrote = send(relay->to, from, relay->length, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		wrote = write(relay->to, from, length);
	if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (wrote < 0) {
		/* The reader is gone: let the writer in the container learn of it. */
		relay->broken = errno;
		relay_close(relay);
		return;
	}
	relay->offset += (size_t)wrote;
	relay->length -= (size_t)wrote;
}

/**
 * relay_run() - Copy as much as can be had at once
 */
void relay_run(struct relay *relay, bool can_read, bool can_write)
{
	if (relay->from < 0 && relay->length == 0)
		return;
	if (relay->full && can_write)
		relay->full = false;
	if (relay->length == 0 && !relay->full && can_read && !splice_once(relay))
		read_once(relay);
	if (relay->length > 0 && (can_write || is_ready(relay->to, POLLOUT, 0)))
		write_once(relay);
}

/**
 * relay_drain() - Copy what the source still holds, waiting for the reader but for no writer
 */
void relay_drain(struct relay *relay)
{
	while (relay->from >= 0 && (relay->length > 0 || is_ready(relay->from, POLLIN, 0))) {
		bool can_write = is_ready(relay->to, POLLOUT, -1);

		relay_run(relay, relay->length == 0, can_write);
	}
}
