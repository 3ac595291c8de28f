/*
 * output.c - copies between a container, its log and the clients that are attached.
 *
 * One chunk is under way at a time. It is logged when it is read, and offered to each attached
 * client through that client's own pipe, never waiting: by tee(2) where the container writes to a
 * pipe, and what that leaves as a copy. Until all have taken it nothing more is read, so a slow
 * client slows the container as a slow reader of a pipe does, and memory is bounded by one chunk;
 * but a client that takes nothing for STALL_MS is dropped and told.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "supervise.h"

static char chunk[CHUNK_SIZE] __attribute__((aligned(4096)));
static char typed[4096];	/* input to a terminal: its pages can't be moved */
static size_t typed_offset, typed_length;

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/**
 * peer_close_streams() - Stop copying for a client
 */
void peer_close_streams(struct peer *peer)
{
	close_fd(&peer->in);
	close_fd(&peer->out[0]);
	close_fd(&peer->out[1]);
}

static bool is_behind(const struct supervisor *s, const struct peer *peer)
{
	return peer->used && peer->out[s->chunk_source] >= 0 && peer->sent < s->chunk_length;
}

/**
 * output_polls() - Add the descriptors that copying waits for. Return: number of entries added.
 */
unsigned int output_polls(struct supervisor *s, struct pollfd *polls)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < 2; i++)
		if (s->sources[i] >= 0 && s->chunk_length == 0)
			polls[count++] = (struct pollfd){ s->sources[i], POLLIN, 0 };
	if (s->sink >= 0 && s->sink_full)
		polls[count++] = (struct pollfd){ s->sink, POLLOUT, 0 };
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &s->peers[i];

		if (!peer->used)
			continue;
		if (s->chunk_length > 0 && is_behind(s, peer))
			polls[count++] = (struct pollfd){ peer->out[s->chunk_source], POLLOUT, 0 };
		if (peer->in >= 0 && !s->sink_full)
			polls[count++] = (struct pollfd){ peer->in, POLLIN, 0 };
		if (peer->socket < 0 && peer->exec_terminal >= 0)
			polls[count++] = (struct pollfd){ peer->exec_terminal, POLLIN, 0 };
	}
	return count;
}

static void offer(struct supervisor *s, struct peer *peer)
{
	ssize_t wrote = write(peer->out[s->chunk_source], chunk + peer->sent,
			      s->chunk_length - peer->sent);

	if (wrote > 0) {
		peer->sent += (size_t)wrote;
		s->chunk_time = now_ms();
	} else if (errno != EAGAIN && errno != EINTR) {
		close_fd(&peer->out[s->chunk_source]);
	}
}

/* Return: true when all clients have taken the chunk. */
static bool deliver(struct supervisor *s)
{
	bool behind = false;

	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		if (is_behind(s, &s->peers[i]))
			offer(s, &s->peers[i]);
		behind |= is_behind(s, &s->peers[i]);
	}
	if (!behind)
		s->chunk_length = 0;
	return !behind;
}

/* Moves what is in the container's pipe to the clients without copying it, as far as their pipes
 * have room. Return: how many bytes of it must still go to the log. */
static size_t hand_on(struct supervisor *s, unsigned int source)
{
	size_t length = 0;

	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &s->peers[i];
		ssize_t got = -1;

		peer->sent = 0;
		if (peer->used && peer->out[source] >= 0)
			got = tee(s->sources[source], peer->out[source],
				  length > 0 ? length : sizeof(chunk), SPLICE_F_NONBLOCK);
		if (got <= 0)
			continue;
		peer->sent = (size_t)got;
		if (length == 0)
			length = peer->sent;
	}
	return length > 0 ? length : sizeof(chunk);
}

static void source_close(struct supervisor *s, unsigned int source)
{
	close_fd(&s->sources[source]);
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		close_fd(&s->peers[i].out[source]);
}

/* Return: true when there may be more. */
static bool take_chunk(struct supervisor *s, unsigned int source)
{
	ssize_t got = read(s->sources[source], chunk, hand_on(s, source));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		source_close(s, source);
		return false;
	}
	log_write(&s->log, source, chunk, (size_t)got);
	s->chunk_length = (size_t)got;
	s->chunk_source = source;
	s->chunk_time = now_ms();
	return true;
}

/**
 * output_close_sink() - End the container's standard input
 */
void output_close_sink(struct supervisor *s)
{
	close_fd(&s->sink);
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		close_fd(&s->peers[i].in);
}

/**
 * output_hang_up() - Take the terminal away, as when a line breaks: who writes gets an error
 */
void output_hang_up(struct supervisor *s)
{
	output_close_sink(s);
	source_close(s, 0);
	close_fd(&s->tty_hold);
}

static void source_ended(struct supervisor *s, struct peer *peer)
{
	close_fd(&peer->in);
	if (peer->ends_stdin && !s->terminal)
		output_close_sink(s);
}

static void type_rest(struct supervisor *s)
{
	ssize_t wrote = write(s->sink, typed + typed_offset, typed_length);

	s->sink_full = wrote < 0 && errno == EAGAIN;
	if (wrote < 0 && !s->sink_full) {
		typed_length = 0;
		return;
	}
	typed_offset += wrote > 0 ? (size_t)wrote : 0;
	typed_length -= wrote > 0 ? (size_t)wrote : 0;
	s->sink_full = typed_length > 0;
}

static void type(struct supervisor *s, struct peer *peer)
{
	ssize_t got = read(peer->in, typed, sizeof(typed));

	if (got == 0)
		source_ended(s, peer);
	if (got <= 0)
		return;
	typed_offset = 0;
	typed_length = (size_t)got;
	type_rest(s);
}

static void feed(struct supervisor *s, struct peer *peer)
{
	ssize_t moved;

	if (s->terminal) {
		type(s, peer);
		return;
	}
	moved = splice(peer->in, NULL, s->sink, NULL, 1 << 20, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (moved == 0) {
		source_ended(s, peer);
	} else if (moved < 0 && errno == EPIPE) {
		output_close_sink(s);
	} else if (moved < 0 && errno == EAGAIN) {
		struct pollfd room = { s->sink, POLLOUT, 0 };

		s->sink_full = poll(&room, 1, 0) == 0;
	}
}

/* Nobody sees this output any more, but the process must not block on its terminal. */
static void discard(struct peer *peer)
{
	char unseen[4096];
	ssize_t got;

	while ((got = read(peer->exec_terminal, unseen, sizeof(unseen))) > 0)
		;
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		peer_leave(peer);
}

/**
 * output_run() - Copy what can be copied without waiting
 */
void output_run(struct supervisor *s)
{
	struct pollfd room = { s->sink, POLLOUT, 0 };

	if (s->chunk_length > 0 && !deliver(s))
		goto input;
	for (unsigned int i = 0; i < 2; i++)
		if (s->sources[i] >= 0 && take_chunk(s, i) && !deliver(s))
			break;
input:
	if (s->sink_full && poll(&room, 1, 0) > 0) {
		s->sink_full = false;
		if (s->terminal && typed_length > 0)
			type_rest(s);
	}
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &s->peers[i];

		if (peer->used && peer->in >= 0 && s->sink >= 0 && !s->sink_full)
			feed(s, peer);
		if (peer->used && peer->socket < 0 && peer->exec_terminal >= 0)
			discard(peer);
	}
}

/**
 * output_stop_slow() - Drop clients that took nothing of a chunk for @limit_ms, and tell them
 */
void output_stop_slow(struct supervisor *s, uint64_t limit_ms)
{
	struct message message;

	if (s->chunk_length == 0 || now_ms() - s->chunk_time < limit_ms)
		return;
	message_init(&message, MESSAGE_DROPPED, 0);
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		if (!is_behind(s, &s->peers[i]))
			continue;
		message_send(s->peers[i].socket, &message);
		close_fd(&s->peers[i].out[0]);
		close_fd(&s->peers[i].out[1]);
	}
	deliver(s);
}

/**
 * output_finish() - After the container's end: log and pass on the output that remains
 */
void output_finish(struct supervisor *s)
{
	struct pollfd polls[POLLS_MAX];

	uint64_t limit = now_ms() + FINISH_MS;

	/* Limited, because processes in the host's pid namespace may continue to write. */
	while (now_ms() < limit) {
		bool more = false;

		if (s->chunk_length > 0) {
			unsigned int count = 0;

			for (unsigned int i = 0; i < PEERS_MAX; i++)
				if (is_behind(s, &s->peers[i]))
					polls[count++] = (struct pollfd){
						s->peers[i].out[s->chunk_source], POLLOUT, 0 };
			poll(polls, count, 100);
			output_stop_slow(s, STALL_AT_EXIT_MS);
			deliver(s);
			continue;
		}
		for (unsigned int i = 0; i < 2 && !more; i++)
			more = s->sources[i] >= 0 && take_chunk(s, i);
		if (!more)
			break;
	}
	log_finish(&s->log);
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		peer_close_streams(&s->peers[i]);
}

/**
 * output_release_memory() - Give the pages of the idle buffers back to the kernel
 */
void output_release_memory(void)
{
	madvise(chunk, sizeof(chunk), MADV_DONTNEED);
	log_release_memory();
}
