/*
 * requests.c - what clients ask of a supervisor: to attach, to run a process, to signal, to wait.
 *
 * A connection is one session: attached streams, or one exec. It may end at any time without harm.
 * Only the user can connect (socket.c), but everything that a message says is still checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervise.h"
#include "terminal.h"

/**
 * status_of() - Translate a wait status to an exit status, as a shell does
 */
int status_of(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/**
 * peer_add() - Accept a client. Return: NULL if there are too many; the socket is then closed.
 */
struct peer *peer_add(struct supervisor *s, int socket)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &s->peers[i];

		if (peer->used)
			continue;
		*peer = (struct peer){ .socket = socket, .in = -1, .out = { -1, -1 },
				       .used = true, .starting = -1,
				       .exec_terminal = -1 };
		return peer;
	}
	close(socket);
	return NULL;
}

static void drop(struct peer *peer, bool keeps_process)
{
	peer_close_streams(peer);
	close_fd(&peer->socket);
	if (!keeps_process) {
		close_fd(&peer->starting);
		close_fd(&peer->exec_terminal);
	}
	/* The slot stays in use as long as something must be kept open for a process. */
	peer->used = peer->starting >= 0 || peer->exec_terminal >= 0;
}

/**
 * peer_leave() - End a client's session; a process that it started loses its terminal
 */
void peer_leave(struct peer *peer)
{
	drop(peer, false);
}

static void answer(struct peer *peer, enum message_kind kind, int number)
{
	struct message message;

	message_init(&message, kind, number);
	message_send(peer->socket, &message);
}

static int take_pipe(struct message *message, int *next, int access)
{
	struct stat status;
	int fd = *next < message->fd_count ? message->fds[*next] : -1;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISFIFO(status.st_mode) ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) != access ||
	    fcntl(fd, F_SETFL, access | O_NONBLOCK) < 0)
		return -1;
	message->fds[(*next)++] = -1;
	return fd;
}

static void attach(struct supervisor *s, struct peer *peer, struct message *message)
{
	int next = 0;

	if (peer->exec != 0 || peer->in >= 0 || peer->out[0] >= 0 || peer->out[1] >= 0)
		return;
	peer->waits = true;
	s->terminal_size = message->number;
	if (message->flags & ATTACH_STDIN)
		peer->in = take_pipe(message, &next, O_RDONLY);
	if (message->flags & ATTACH_STDOUT)
		peer->out[0] = take_pipe(message, &next, O_WRONLY);
	if (message->flags & ATTACH_STDERR)
		peer->out[1] = take_pipe(message, &next, O_WRONLY);
	if (s->sink < 0 && s->run.init != 0)
		output_close_sink(s);
	/* It does not get the current chunk, which began before it attached. */
	peer->sent = s->chunk_length;
	if (s->run.init != 0)
		answer(peer, MESSAGE_STARTED, s->run.init);
}

static int run_exec(struct supervisor *s, struct peer *peer, struct message *message,
		    struct failure *failure)
{
	struct container_stdio stdio = { .preserved = message->fds + 4,
					 .terminal_size = message->number };
	struct container_process process;
	struct plan plan;
	int result;

	if (message->fd_count < 4)
		return fail_because(failure, "read request", "exec", "descriptors are missing", 0);
	memcpy(stdio.stdio, message->fds + 1, sizeof(stdio.stdio));
	stdio.preserved_count = (size_t)message->fd_count - 4;
	if (lseek(message->fds[0], 0, SEEK_SET) < 0 ||
	    plan_read(message->fds[0], &plan, failure) < 0)
		return failure->stage[0] != '\0' ? -1 : fail(failure, "read plan", "exec", errno);
	result = container_exec(&s->init, &s->plan, &plan, &stdio, &process, failure);
	plan_free(&plan);
	if (result < 0)
		return -1;
	close(process.pidfd);
	peer->exec = process.pid;
	peer->starting = process.sync;
	peer->leaves = (message->flags & EXEC_DETACHED) != 0;
	return 0;
}

/* If an exec fails, for example because a program is missing, only its client is told. */
static void refuse(struct peer *peer, struct message *reply)
{
	if (peer->socket >= 0)
		message_send(peer->socket, reply);
	drop(peer, false);
}

static void serve_exec(struct supervisor *s, struct peer *peer, struct message *message)
{
	struct message reply;

	if (peer->exec != 0 || s->ended)
		return;
	message_init(&reply, MESSAGE_FAILED, 0);
	if (run_exec(s, peer, message, &reply.failure) < 0)
		refuse(peer, &reply);
}

static void tell_started(struct peer *peer)
{
	struct message reply;

	message_init(&reply, MESSAGE_STARTED, peer->exec);
	if (peer->exec_terminal >= 0) {
		fcntl(peer->exec_terminal, F_SETFL, O_RDWR | O_NONBLOCK);
		reply.fds[reply.fd_count++] = peer->exec_terminal;
	}
	if (peer->socket >= 0)
		message_send(peer->socket, &reply);
	if (peer->leaves)
		drop(peer, true);
}

/**
 * peer_exec_step() - Take the next word of a process that is being started
 *
 * Called when there is one, or the process is dead: what it reads of the container's files may
 * keep it waiting for ever, but nobody else.
 */
void peer_exec_step(struct supervisor *s, struct peer *peer)
{
	struct container_process process = { .sync = peer->starting, .terminal = -1,
					     .listener = -1 };
	struct message reply;
	int left;

	message_init(&reply, MESSAGE_FAILED, 0);
	if (!peer->is_set_up) {
		if (container_ready(&process, &reply.failure) == 0) {
			peer->is_set_up = true;
			peer->exec_terminal = process.terminal;
			return;
		}
	} else {
		left = container_started(&process, &reply.failure);
		if (left > 0 && emulator_serve(&s->emulator, &process, &s->plan,
					       &reply.failure) == 0)
			return;
		if (left == 0) {
			peer->starting = -1;
			tell_started(peer);
			return;
		}
		if (left > 0)
			kill(peer->exec, SIGKILL);
		close_fd(&process.sync);
	}
	peer->starting = -1;	/* closed */
	refuse(peer, &reply);
}

static void send_signal(struct supervisor *s, const struct peer *peer, int number)
{
	if (number < 0 || number > SIGRTMAX)
		return;
	if (peer->exec != 0)
		kill(peer->exec, number);
	else if (s->init.pidfd >= 0)
		syscall(SYS_pidfd_send_signal, s->init.pidfd, number, NULL, 0);
}

static void stdin_ended(struct supervisor *s, struct peer *peer)
{
	peer->ends_stdin = true;
	if (peer->in < 0 && peer->exec == 0 && !s->terminal)
		output_close_sink(s);
}

static void serve(struct supervisor *s, struct peer *peer, struct message *message)
{
	switch (message->kind) {
	case MESSAGE_START:
	case MESSAGE_WAIT:
		peer->waits = true;
		break;
	case MESSAGE_ATTACH:
		attach(s, peer, message);
		break;
	case MESSAGE_EXEC:
		serve_exec(s, peer, message);
		break;
	case MESSAGE_SIGNAL:
		send_signal(s, peer, message->number);
		break;
	case MESSAGE_RESIZE:
		if (peer->exec_terminal >= 0)
			terminal_resize(peer->exec_terminal, message->number);
		else if (s->terminal && s->sources[0] >= 0)
			terminal_resize(s->sources[0], message->number);
		break;
	case MESSAGE_STDIN_END:
		stdin_ended(s, peer);
		break;
	case MESSAGE_DETACH:
		drop(peer, true);
		break;
	case MESSAGE_HANGUP:
		if (s->terminal)
			output_hang_up(s);
		break;
	default:
		break;
	}
}

/**
 * peer_serve() - Read and carry out one message
 */
void peer_serve(struct supervisor *s, struct peer *peer)
{
	struct message message;
	int got = message_receive(peer->socket, &message);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		/* It was killed: who leaves on purpose says so. This asks to stop. */
		if (peer->launched && plan_flag(&s->plan, OP_ENDS_WITH_CLIENT))
			kill(getpid(), SIGTERM);
		drop(peer, false);
		return;
	}
	serve(s, peer, &message);
	message_close_fds(&message);
}

/**
 * peers_tell() - Send a message to all clients that wait for the container
 */
void peers_tell(struct supervisor *s, const struct message *message)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (s->peers[i].used && s->peers[i].waits && s->peers[i].socket >= 0)
			message_send(s->peers[i].socket, message);
}

/**
 * peers_leave() - End the sessions of all clients
 */
void peers_leave(struct supervisor *s)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		peer_leave(&s->peers[i]);
}

/**
 * peer_exec_ended() - Tell the client of this process that it ended
 */
void peer_exec_ended(struct supervisor *s, pid_t pid, int status)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &s->peers[i];

		if (!peer->used || peer->exec != pid)
			continue;
		while (peer->used && peer->starting >= 0)
			peer_exec_step(s, peer);
		if (peer->socket >= 0)
			answer(peer, MESSAGE_EXITED, status_of(status));
		drop(peer, false);
	}
}
