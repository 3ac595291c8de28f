/*
 * launch.c - `berth-native launch`: starts a container from its plan and stays as its client.
 *
 * The caller has execve'd into this program: its standard streams, terminal and process group are
 * the user's. The request to attach is queued on the control socket before the supervisor exists,
 * so that no output can be missed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/close_range.h>

#include "applets.h"
#include "capabilities.h"
#include "client.h"
#include "signals.h"
#include "start.h"

/* Above the descriptors to preserve, which are 3, 4, … */
enum { OWN_DESCRIPTORS = 512 };

/**
 * client_open_plan() - Read the plan, and keep all but the descriptors to preserve from children
 *
 * Return: the plan's descriptor; the plan's text stays as long as the process.
 */
int client_open_plan(const char *path, struct plan *plan, struct failure *failure)
{
	int first = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), fd;
	const char *value;
	uint64_t preserved = 0;

	memset(plan, 0, sizeof(*plan));
	if (first < 0 && path != NULL && errno == ENOENT)
		return fail_because(failure, "open plan", path,
				    "the container has ended or was removed", ENOENT);
	if (first < 0)
		return fail(failure, "open plan", path, errno);
	if (plan_read(first, plan, failure) < 0)
		return -1;
	fd = fcntl(first, F_DUPFD_CLOEXEC, OWN_DESCRIPTORS);
	if (fd < 0)
		fd = first;
	else
		close(first);
	value = plan_value(plan, OP_PRESERVE_FDS, 0);
	if (value != NULL && !parse_number(value, MESSAGE_MAX_FDS - 4, &preserved))
		return fail_because(failure, "preserve descriptors", value, "too many", 0);
	/* Missing descriptors become /dev/null: open() takes the lowest free number. */
	for (int i = 3; i < 3 + (int)preserved; i++)
		if (fcntl(i, F_SETFD, 0) < 0 && open("/dev/null", O_RDWR) != i)
			return fail_because(failure, "preserve descriptors", value,
					    "not the lowest that are free", 0);
	syscall(SYS_close_range, 3 + (unsigned int)preserved, ~0U, CLOSE_RANGE_CLOEXEC);
	return fd;
}

/* If pipes were handed over, a copy left here would keep them open after all others closed them. */
static void forget_handed(const struct client *client)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 2; fd++)
		if (client->relays[fd].from < 0 && !client->detach)
			dup2(null, fd);
	close(null);
}

/* In the child: takes the streams as its own, for the container. */
static _Noreturn void become_supervisor(const struct plan *plan, struct start *start,
					const int given[3])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		dup2(given[fd] >= 0 ? given[fd] : null, fd);
	start_supervisor(plan, start);
}

static int prepare(struct client *client, const struct plan *plan, struct message *first,
		   int given[3], struct failure *failure)
{
	const char *stdio = plan_value(plan, OP_STDIO, 0);
	const char *stdin_use = plan_value(plan, OP_STDIN, 0);

	client->stdin_open = stdin_use != NULL && strcmp(stdin_use, "open") == 0;
	client->terminal = stdio != NULL && strcmp(stdio, "terminal") == 0;
	message_init(first, MESSAGE_START, 0);
	if (stdio != NULL && strcmp(stdio, "handed") == 0)
		return client_hand_streams(client, given, failure);
	if (client->detach)
		return 0;
	if (client->terminal)
		client->streams &= ~(unsigned int)ATTACH_STDERR;
	if (client_attach_streams(client, first, failure) < 0)
		return -1;
	first->number = client_terminal_size(client);
	return 0;
}

/* Return: the exit status. */
static int not_started(const struct plan *plan, struct start *start, const struct failure *failure)
{
	start_give_up(plan, start, failure);
	return client_fail(failure);
}

/**
 * launch_run() - Start the container of a plan, and be its client to the end
 * @client:	as client_options() gives it
 *
 * Return: the exit status.
 */
int launch_run(struct client *client)
{
	struct start start = { .control = -1, .lock = -1 };
	struct failure failure = { 0 };
	struct plan plan;
	struct message first;
	int given[3] = { -1, -1, -1 }, ends[2];
	pid_t pid;

	start.plan = client_open_plan(client->plan, &plan, &failure);
	if (start.plan < 0 || prepare(client, &plan, &first, given, &failure) < 0)
		return not_started(&plan, &start, &failure);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ||
	    message_send(ends[0], &first) < 0) {
		fail(&failure, "make socket for", client->plan, errno);
		return not_started(&plan, &start, &failure);
	}
	message_close_fds(&first);
	pid = fork();
	if (pid < 0) {
		fail(&failure, "start process for", client->plan, errno);
		return not_started(&plan, &start, &failure);
	}
	start.control = ends[1];
	if (pid == 0) {
		close(ends[0]);
		become_supervisor(&plan, &start, given);
	}
	capabilities_give_up();
	close(ends[1]);
	close(start.plan);
	for (int fd = 0; fd < 3; fd++)
		if (given[fd] >= 0)
			close(given[fd]);
	if (given[0] >= 0)
		forget_handed(client);
	notice_read(&client->notice, &plan);
	plan_free(&plan);
	client->control = ends[0];
	client->launches = true;
	return client_run(client);
}

/**
 * launch_main() - The applet
 */
int launch_main(int argc, char **argv)
{
	struct client client;

	client_reset_process();
	return client_options(&client, argc, argv) < 0 ? EXIT_ENGINE : launch_run(&client);
}
