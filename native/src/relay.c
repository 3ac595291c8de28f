/*
 * relay.c - a client's copying between its own streams and those of a container.
 *
 * A client must be able to answer signals while the reader of its output is slow, so no write may
 * wait. O_NONBLOCK belongs to the open file, which the caller and its other children share: it is
 * set only on descriptions of our own, got by opening the same pipe or terminal once more.
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

/* Between others splice() is refused or may wait. */
static bool is_pipe_or_file(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode));
}

/**
 * relay_init() - Prepare copying; -1 for a direction that is not copied
 */
void relay_init(struct relay *relay, int from, int to)
{
	relay->from = from;
	relay->to = to;
	relay->keys = NULL;
	relay->spliceable = is_pipe_or_file(from) && is_pipe_or_file(to);
	relay->detached = relay->ended = false;
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
}

bool relay_wants_read(const struct relay *relay)
{
	return relay->from >= 0 && relay->length == 0;
}

bool relay_wants_write(const struct relay *relay)
{
	return relay->to >= 0 && relay->length > 0;
}

static void at_end(struct relay *relay)
{
	relay->ended = true;
	relay_close(relay);
}

/* Return: true when it moved bytes or the end was met, false where read and write must do it. */
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
	/* EAGAIN: one side is not ready, which read() finds out about. */
	if (errno == EINVAL)
		relay->spliceable = false;
	return false;
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
	size_t length = relay->length < SAFE_WRITE ? relay->length : SAFE_WRITE;
	bool own = fcntl(relay->to, F_GETFL) & O_NONBLOCK;
	ssize_t wrote;

	wrote = send(relay->to, relay->buffer + relay->offset, relay->length,
		     MSG_DONTWAIT | MSG_NOSIGNAL);
	if (wrote < 0 && errno == ENOTSOCK)
		wrote = write(relay->to, relay->buffer + relay->offset,
			      own ? relay->length : length);
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

static bool is_ready(int fd, short events, int timeout)
{
	struct pollfd wait = { .fd = fd, .events = events };

	return poll(&wait, 1, timeout) > 0;
}

/**
 * relay_run() - Copy as much as can be had at once
 */
void relay_run(struct relay *relay, bool can_read, bool can_write)
{
	if (relay->from < 0 && relay->length == 0)
		return;
	if (relay->length == 0 && can_read && !splice_once(relay))
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
