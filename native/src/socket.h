/* socket.h - the messages between a supervisor and its clients. This file is their reference. */
#ifndef BERTH_SOCKET_H
#define BERTH_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

enum { MESSAGE_VERSION = 1, MESSAGE_MAX_FDS = 64 };

enum message_kind {
	/* client to supervisor */
	MESSAGE_START = 1,	/* first on the launching client's socket; number: size */
	MESSAGE_ATTACH,		/* flags: ATTACH_*; descriptors: pipes in their order */
	MESSAGE_EXEC,		/* flags: EXEC_*; descriptors: plan, 0, 1, 2, preserved ones */
	MESSAGE_SIGNAL,		/* number */
	MESSAGE_RESIZE,		/* number: rows << 16 | columns */
	MESSAGE_WAIT,		/* answer MESSAGE_EXITED at the end */
	MESSAGE_STDIN_END,	/* the client's standard input is at its end */
	MESSAGE_DETACH,		/* the client leaves on purpose: what it started goes on */
	MESSAGE_HANGUP,		/* nobody takes the terminal's output any more: hang it up */
	/* supervisor to client */
	MESSAGE_STARTED = 64,	/* number: host pid; flags: the supervisor's; descriptor: the
				 * exec's terminal */
	MESSAGE_EXITED,		/* number: status as a shell would say it */
	MESSAGE_FAILED,		/* text: struct failure */
	MESSAGE_DROPPED,	/* output was not taken for too long and is not sent any more */
};

enum { ATTACH_STDIN = 1, ATTACH_STDOUT = 2, ATTACH_STDERR = 4 };
enum { EXEC_DETACHED = 1 };

struct message {
	uint32_t version;
	uint32_t kind;
	uint32_t flags;
	int32_t number;
	struct failure failure;
	/* not sent as bytes */
	int fd_count;
	int fds[MESSAGE_MAX_FDS];
};

void message_init(struct message *message, enum message_kind kind, int32_t number);
int message_send(int fd, const struct message *message);
int message_receive(int fd, struct message *message);
void message_close_fds(struct message *message);

int socket_listen(const char *run_dir, const char *state_dir, struct failure *failure);
int socket_accept(int listener);
int socket_connect(const char *run_dir, struct failure *failure);

#endif
