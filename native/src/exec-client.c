/*
 * exec-client.c - `berth-native exec`: runs one more process in a running container.
 *
 * The process is the supervisor's child, so that it has the container's cgroup and ends with it.
 * This client passes the plan and the caller's streams, and exits with the process's status.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "applets.h"
#include "client.h"

static int add_fd(struct message *message, int fd, struct failure *failure)
{
	if (fd < 0)
		return fail_because(failure, "pass descriptors", "exec", "one is not open", 0);
	message->fds[message->fd_count++] = fd;
	return 0;
}

/* If the process has a terminal it gets no streams; MESSAGE_STARTED brings the master. */
static int choose_streams(struct client *client, const struct plan *plan, int given[3],
			  struct failure *failure)
{
	const char *stdio = plan_value(plan, OP_STDIO, 0), *input = plan_value(plan, OP_STDIN, 0);

	client->stdin_open = input != NULL && strcmp(input, "open") == 0;
	client->terminal = stdio != NULL && strcmp(stdio, "terminal") == 0;
	if (!client->terminal && !client->detach)
		return client_hand_streams(client, given, failure);
	for (int i = 0; i < 3; i++)
		given[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	return 0;
}

static int request(struct client *client, int plan_fd, const struct plan *plan,
		   struct message *message, struct failure *failure)
{
	const char *value = plan_value(plan, OP_PRESERVE_FDS, 0);
	uint64_t preserved = 0;
	int given[3];

	if (choose_streams(client, plan, given, failure) < 0)
		return -1;
	message_init(message, MESSAGE_EXEC, client_terminal_size(client));
	message->flags = client->detach ? EXEC_DETACHED : 0;
	if (add_fd(message, plan_fd, failure) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		if (add_fd(message, given[i], failure) < 0)
			return -1;
	if (value != NULL)
		parse_number(value, MESSAGE_MAX_FDS - 4, &preserved);
	for (int i = 0; i < (int)preserved; i++)
		if (add_fd(message, 3 + i, failure) < 0)
			return -1;
	return 0;
}

/**
 * exec_run() - Have the supervisor carry out a plan, and be the process's client to its end
 *
 * @client is connected. Takes @plan_fd and @plan. Return: the exit status.
 */
int exec_run(struct client *client, int plan_fd, struct plan *plan)
{
	struct failure failure = { 0 };
	struct message message;
	int result;

	client->exec = true;
	result = request(client, plan_fd, plan, &message, &failure);
	plan_free(plan);
	if (result < 0)
		return client_fail(&failure);
	if (message_send(client->control, &message) < 0) {
		fail(&failure, "reach the supervisor in", client->run_dir, errno);
		return client_fail(&failure);
	}
	message_close_fds(&message);
	return client_run(client);
}

/**
 * exec_main() - The applet
 */
int exec_main(int argc, char **argv)
{
	struct failure failure = { 0 };
	struct client client;
	struct plan plan;
	int plan_fd;

	client_reset_process();
	if (client_options(&client, argc, argv) < 0)
		return EXIT_ENGINE;
	plan_fd = client_open_plan(client.plan, &plan, &failure);
	/* The plan was written only for this client. */
	unlink(client.plan);
	if (plan_fd < 0)
		return client_fail(&failure);
	if (client.run_dir == NULL)
		fail_because(&failure, "read options", "--run-dir", "missing", 0);
	else
		client.control = socket_connect(client.run_dir, &failure);
	return client.control < 0 ? client_fail(&failure) : exec_run(&client, plan_fd, &plan);
}
