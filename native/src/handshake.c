/* The messages between a process that is being set up and the supervisor: each is one datagram on a
 * socket that only these two have. */
#include "handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void send_message(int sync, struct handshake_message *message, int fd)
{
	struct iovec data = {message, sizeof(*message)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *rights;

		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &fd, sizeof(int));
	}
	/* If the supervisor can't be told (it is gone, or no memory) it would wait for ever. */
	while (sendmsg(sync, &header, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			_exit(EXIT_ENGINE);
}

void handshake_send(int sync, enum handshake_kind kind, pid_t pid, int fd,
		    const struct failure *failure)
{
	struct handshake_message message = {.kind = kind, .pid = pid};

	if (failure != NULL)
		message.failure = *failure;
	send_message(sync, &message, fd);
}

void handshake_send_listener(int sync, int listener)
{
	struct handshake_message message = {.kind = HANDSHAKE_LISTENER};
	struct statx root = {0};

	statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &root);
	message.device = makedev(root.stx_dev_major, root.stx_dev_minor);
	message.mount = root.stx_mnt_id;
	send_message(sync, &message, listener);
}

int handshake_receive(int sync, struct handshake_message *message, int *fd,
		      struct failure *failure)
{
	struct iovec data = {message, sizeof(*message)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *rights;
	ssize_t got;

	*fd = -1;
	while ((got = recvmsg(sync, &header, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (got < 0 && errno == ECONNRESET)
		return 0;
	if (got < 0)
		return fail(failure, "start container", "", errno);
	if (got == 0)
		return 0;
	if (header.msg_flags & MSG_CTRUNC)
		return fail(failure, "start container", "", EMFILE);
	rights = CMSG_FIRSTHDR(&header);
	if (rights != NULL && rights->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(rights), sizeof(int));
	if (got != sizeof(*message))
		return fail(failure, "start container", "", EPROTO);
	if (message->kind != HANDSHAKE_FAILED)
		return 1;
	*failure = message->failure;
	return -1;
}

int handshake_expect(int sync, enum handshake_kind kind, struct handshake_message *message,
		     int *fd, struct failure *failure)
{
	int got = handshake_receive(sync, message, fd, failure);

	if (got < 0)
		return -1;
	if (got == 0)
		return fail_because(failure, "start container", "",
				    "its first process ended during the set-up", 0);
	return message->kind == kind ? 0 : fail(failure, "start container", "", EPROTO);
}
