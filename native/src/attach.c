/*
 * attach.c - the small clients of a running container: `attach`, `signal`, `wait`.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "applets.h"
#include "client.h"

static int connect_client(struct client *client, int argc, char **argv, struct failure *failure)
{
	client_reset_process();
	if (client_options(client, argc, argv) < 0)
		return -1;
	if (client->run_dir == NULL)
		return fail_because(failure, "read options", "--run-dir", "missing", 0);
	client->control = socket_connect(client->run_dir, failure);
	return client->control;
}

/**
 * attach_main() - The applet: `attach --run-dir DIR --attach STREAMS [--terminal 1] …`
 */
int attach_main(int argc, char **argv)
{
	struct failure failure = { 0 };
	struct message message;
	struct client client;

	if (connect_client(&client, argc, argv, &failure) < 0)
		return failure.stage[0] != '\0' ? client_fail(&failure) : EXIT_ENGINE;
	client.stdin_open = (client.streams & ATTACH_STDIN) != 0;
	if (client.terminal)
		client.streams &= ~(unsigned int)ATTACH_STDERR;
	if (client_attach_streams(&client, &message, &failure) < 0)
		return client_fail(&failure);
	if (message_send(client.control, &message) < 0) {
		fail(&failure, "reach the supervisor in", client.run_dir, errno);
		return client_fail(&failure);
	}
	message_close_fds(&message);
	return client_run(&client);
}

/**
 * signal_main() - The applet: `signal --run-dir DIR --signal NUMBER`
 */
int signal_main(int argc, char **argv)
{
	struct failure failure = { 0 };
	struct message message;
	struct client client;

	if (connect_client(&client, argc, argv, &failure) < 0)
		return failure.stage[0] != '\0' ? client_fail(&failure) : EXIT_ENGINE;
	message_init(&message, MESSAGE_SIGNAL, (int32_t)client.signal);
	if (message_send(client.control, &message) == 0)
		return 0;
	fail(&failure, "reach the supervisor in", client.run_dir, errno);
	return client_fail(&failure);
}

/**
 * wait_main() - The applet: `wait --run-dir DIR [--timeout MS]` prints the container's status
 *
 * Return: 0 when it ended and its supervisor with it, 1 when the time was over first.
 */
int wait_main(int argc, char **argv)
{
	struct failure failure = { 0 };
	struct message message;
	struct client client;
	bool ended = false;

	if (connect_client(&client, argc, argv, &failure) < 0)
		return failure.stage[0] != '\0' ? client_fail(&failure) : EXIT_ENGINE;
	message_init(&message, MESSAGE_WAIT, 0);
	message_send(client.control, &message);
	for (;;) {
		struct pollfd wait = { client.control, POLLIN, 0 };

		if (poll(&wait, 1, client.timeout_ms) <= 0)
			return 1;
		if (message_receive(client.control, &message) <= 0)
			return ended ? 0 : EXIT_ENGINE;
		if (message.kind == MESSAGE_EXITED && !ended) {
			printf("%d\n", message.number);
			fflush(stdout);
			ended = true;
		}
	}
}
