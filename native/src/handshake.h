/* handshake.h - the messages by which a process that is being set up reports to the supervisor.
 * container.h has their order. */
#ifndef BERTH_HANDSHAKE_H
#define BERTH_HANDSHAKE_H

#include <stdint.h>
#include <sys/types.h>

#include "failure.h"

enum handshake_kind {
	HANDSHAKE_HELLO = 1, HANDSHAKE_FORKED, HANDSHAKE_READY, HANDSHAKE_LISTENER, HANDSHAKE_FAILED
};

struct handshake_message {
	enum handshake_kind kind;
	pid_t pid;
	dev_t device;	/* of the root file system, with a listener */
	uint64_t mount;	/* its id */
	struct failure failure;
};

/* Sends one message, with a copy of @fd unless it is negative. If the supervisor is gone, this
 * process exits. */
void handshake_send(int sync, enum handshake_kind kind, pid_t pid, int fd,
		    const struct failure *failure);

/* Sends the listener of a filter. */
void handshake_send_listener(int sync, int listener);

/**
 * handshake_receive() - Wait for the next message
 * @fd: gets the descriptor that came with it, or -1
 *
 * Return: 1 with a message, 0 at the end, -1 with a failure: the other side's or our own.
 */
int handshake_receive(int sync, struct handshake_message *message, int *fd,
		      struct failure *failure);

/* Waits for a message of this kind. Return: 0, or -1 with a failure, also for any other message. */
int handshake_expect(int sync, enum handshake_kind kind, struct handshake_message *message,
		     int *fd, struct failure *failure);

#endif
