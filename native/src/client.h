/* client.h - what launch, exec and attach have in common: the process that the user sees. */
#ifndef BERTH_CLIENT_H
#define BERTH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "notify.h"
#include "plan.h"
#include "relay.h"
#include "socket.h"

/**
 * struct client - one command's view of a container or of a process in it
 * @plan, @run_dir, @print, …: the command line, see docs/launch-plan.md
 * @streams:	ATTACH_* of the streams asked for; all where no --attach is given
 * @stdin_open:	the plan lets the process read
 * @terminal:	the process has one, and so does the caller
 * @launches:	the container was started by this client
 */
struct client {
	const char *plan, *run_dir, *print;
	unsigned int streams;
	bool streams_given, detach, sig_proxy, stdin_open, terminal, exec, launches;
	struct detach_keys keys;
	int control, signals;
	struct relay *relays;	/* standard input, output, error */
	bool answered, exited, stdin_end_told;
	int status;
	uint64_t signal;
	struct notice notice;
	int timeout_ms;	/* of `wait`; -1 for ever */
};

int client_terminal_size(const struct client *client);
int client_options(struct client *client, int argc, char **argv);
void client_reset_process(void);
int client_hand_streams(struct client *client, int given[3], struct failure *failure);
int client_attach_streams(struct client *client, struct message *message,
			  struct failure *failure);
int client_open_plan(const char *path, struct plan *plan, struct failure *failure);
int client_run(struct client *client);
int client_fail(const struct failure *failure);
int exec_run(struct client *client, int plan_fd, struct plan *plan);
int launch_run(struct client *client);

#endif
