/*
 * client.c - the process that the user sees: it copies streams, forwards signals, and exits with
 * the container's status.
 *
 * The supervisor has all state of the container. A client may be killed at any time without harm:
 * what was handed to the container stays there, what was copied ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "signals.h"
#include "text-file.h"

enum { ANSWER_MS = 1000 };

/**
 * client_reset_process() - Undo what a JavaScript runtime changed in this process
 */
void client_reset_process(void)
{
	signals_reset();
	for (int fd = 0; fd < 3; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0)
			/* The next opened file would take a closed stream's number. */
			open("/dev/null", O_RDWR);
		else if (flags & O_NONBLOCK)
			fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	}
}

/**
 * client_fail() - Say what failed. Return: the exit status
 */
int client_fail(const struct failure *failure)
{
	terminal_restore();
	failure_print(failure, 2);
	return failure->status != 0 ? failure->status : EXIT_ENGINE;
}

static void send_number(struct client *client, enum message_kind kind, int number)
{
	struct message message;

	message_init(&message, kind, number);
	message_send(client->control, &message);
}

/**
 * client_terminal_size() - The size of the caller's terminal; 0 where there is none
 */
int client_terminal_size(const struct client *client)
{
	return client->terminal ? terminal_size(isatty(0) ? 0 : 1) : 0;
}

static void send_size(struct client *client)
{
	int size = client_terminal_size(client);

	if (size > 0)
		send_number(client, MESSAGE_RESIZE, size);
}

static void die_by(int number)
{
	terminal_restore();
	signal(number, SIG_DFL);
	signals_unblock();
	raise(number);
}

/* A SIGWINCH that another process has sent is passed on like every signal: Apache and nginx stop
 * by it. The kernel sends it when the caller's terminal is resized, which means no such thing. */
static bool is_for_the_container(const struct client *client, const struct signalfd_siginfo *winch)
{
	return !client->terminal && client->sig_proxy && winch->ssi_code != SI_KERNEL;
}

/* True where keys go to the process. Else Ctrl-C is a signal for this client. */
static bool types(const struct client *client)
{
	return client->stdin_open && (client->streams & ATTACH_STDIN) != 0;
}

static void prepare_terminal(const struct client *client)
{
	if (client->terminal && isatty(0))
		terminal_raw(0, types(client));
}

/* While this process was stopped, someone else used the terminal, or changed its size. */
static void resume(struct client *client)
{
	prepare_terminal(client);
	send_size(client);
}

static void take_signals(struct client *client)
{
	struct signalfd_siginfo info;
	int number;

	while ((number = signals_next(client->signals, &info)) != 0) {
		if (number == SIGCHLD)
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
		else if (number == SIGWINCH && !is_for_the_container(client, &info))
			send_size(client);
		else if (number == SIGCONT)
			resume(client);
		else if (number == SIGPIPE || number == SIGURG)
			continue;
		else if (client->sig_proxy)
			send_number(client, MESSAGE_SIGNAL, number);
		else
			die_by(number);
	}
}

/* An exec's terminal is given to its client, so that no other process sees its bytes. */
static void take_terminal(struct client *client, int master)
{
	int copy = fcntl(master, F_DUPFD_CLOEXEC, 3);

	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	relay_init(&client->relays[0], client->stdin_open ? 0 : -1, copy);
	relay_init(&client->relays[1], master, relay_own_description(1, O_WRONLY));
	if (client->keys.count > 0)
		client->relays[0].keys = &client->keys;
}

/* Lost output is an error. Whoever closed a pipe knows of it. Return: the exit status. */
static int tell_unwritten(int error)
{
	struct failure failure = { 0 };

	if (error == EPIPE)
		return 128 + SIGPIPE;
	fail(&failure, "write standard output", "", error);
	return client_fail(&failure);
}

static int print_started(const struct client *client)
{
	if (client->print != NULL && dprintf(1, "%s\n", client->print) < 0)
		return tell_unwritten(errno);
	return 0;
}

/* Return: -1 to go on, else the exit status. */
static int take_message(struct client *client)
{
	struct message message;
	int got = message_receive(client->control, &message);

	if (got <= 0) {
		if (client->exited)
			return client->status;
		terminal_restore();
		dprintf(2, "Error: wait for the container: its supervisor ended unexpectedly\n");
		return EXIT_ENGINE;
	}
	if (message.kind == MESSAGE_STARTED) {
		client->answered = true;
		if (message.fd_count > 0 && client->exec)
			take_terminal(client, message.fds[0]);
		/* The container runs already, so a failure to notify does not end it. */
		if (!client->exec && notice_give(&client->notice, (pid_t)message.flags,
						 client->detach, &message.failure) < 0)
			failure_print(&message.failure, 2);
		send_size(client);
		return client->detach ? print_started(client) : -1;
	}
	if (message.kind == MESSAGE_FAILED)
		return client_fail(&message.failure);
	if (message.kind == MESSAGE_EXITED) {
		client->exited = true;
		client->status = message.number;
		return client->exec ? message.number : -1;
	}
	if (message.kind == MESSAGE_DROPPED)
		dprintf(2, "Error: show the container's output: it was not taken for too long and "
			   "is no longer shown here; the container's log has it\n");
	message_close_fds(&message);
	return -1;
}

/* A stopped supervisor never answers, so tell the user which process it is. */
static bool tell_stopped(const struct client *client)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	char path[32], text[512];
	const char *name_end;

	if (getsockopt(client->control, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", peer.pid);
	read_text(AT_FDCWD, path, text, sizeof(text));
	name_end = strrchr(text, ')');
	if (name_end == NULL || (name_end[2] != 'T' && name_end[2] != 't'))
		return false;
	terminal_restore();
	dprintf(2, "Error: reach the container's supervisor, process %d: it is stopped\n"
		   "hint: kill -CONT %d\n", peer.pid, peer.pid);
	return true;
}

static short wanted(const struct client *client, unsigned int i, bool reading)
{
	const struct relay *relay = &client->relays[i];

	if (reading)
		return relay_wants_read(relay) ? POLLIN : 0;
	return relay_wants_write(relay) ? POLLOUT : 0;
}

static void run_relays(struct client *client, const struct pollfd *polls)
{
	for (unsigned int i = 0; i < 3; i++) {
		struct relay *relay = &client->relays[i];

		if (relay->from >= 0 || relay->length > 0)
			relay_run(relay, polls[2 * i].revents != 0, polls[2 * i + 1].revents != 0);
	}
	if (client->relays[0].ended && !client->stdin_end_told) {
		client->stdin_end_told = true;
		send_number(client, MESSAGE_STDIN_END, 0);
	}
}

static int leave(struct client *client)
{
	send_number(client, MESSAGE_DETACH, 0);
	terminal_restore();
	return 0;
}

static int loop(struct client *client)
{
	struct pollfd polls[8] = { { .fd = client->control, .events = POLLIN },
				   { .fd = client->signals, .events = POLLIN } };

	for (;;) {
		int status, ready;
		nfds_t count = 2;	/* beyond RLIMIT_NOFILE poll() fails */

		for (unsigned int i = 0; i < 3; i++) {
			struct relay *relay = &client->relays[i];
			short reading = wanted(client, i, true), writing = wanted(client, i, false);

			polls[2 + 2 * i] =
				(struct pollfd){ reading ? relay->from : -1, reading, 0 };
			polls[3 + 2 * i] = (struct pollfd){ writing ? relay->to : -1, writing, 0 };
			if (reading || writing)
				count = 4 + 2 * i;
		}
		ready = poll(polls, count, client->answered ? -1 : ANSWER_MS);
		if (ready < 0 && errno != EINTR)
			return EXIT_ENGINE;
		if (ready == 0 && tell_stopped(client))
			return EXIT_ENGINE;
		if (polls[1].revents)
			take_signals(client);
		run_relays(client, polls + 2);
		if (client->relays[0].detached)
			return leave(client);
		if (client->relays[1].broken)
			return EXIT_ENGINE;
		if (polls[0].revents && (status = take_message(client)) >= 0)
			return status;
	}
}

/**
 * client_run() - Stay until the container, or the process in it, has ended
 *
 * Return: the status to exit with. What was written before the end is shown before it returns.
 */
int client_run(struct client *client)
{
	int status;

	if (client->signals < 0)
		client->signals = signals_open(true);
	prepare_terminal(client);
	/* What exec starts has keys for its signals; Podman passes none on. */
	if (client->exec && client->terminal && types(client))
		client->sig_proxy = false;
	status = loop(client);
	if (client->relays[1].broken && client->terminal && client->launches)
		send_number(client, MESSAGE_HANGUP, 0);
	/* From here on signals end the client, like any program that waits for a slow reader. */
	signal(SIGPIPE, SIG_IGN);
	signals_unblock();
	if (!client->relays[0].detached)
		for (unsigned int i = 1; i < 3; i++)
			relay_drain(&client->relays[i]);
	terminal_restore();
	return client->relays[1].broken != 0 ? tell_unwritten(client->relays[1].broken) : status;
}
