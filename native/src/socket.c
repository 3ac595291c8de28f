/*
 * socket.c - the messages between a supervisor and its clients.
 *
 * A SOCK_SEQPACKET socket carries whole messages with their descriptors. A message is a fixed
 * header, followed by a struct failure for MESSAGE_FAILED only. The first word tells a peer of
 * another version apart, and only the same user is served. The socket is named relative to a
 * descriptor of its folder, because a socket's path is limited to 107 bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket.h"

#define HEADER_SIZE offsetof(struct message, failure)
#define WITH_FAILURE offsetof(struct message, fd_count)

/**
 * message_init() - A message without descriptors
 */
void message_init(struct message *message, enum message_kind kind, int32_t number)
{
	memset(message, 0, sizeof(*message));
	message->version = MESSAGE_VERSION;
	message->kind = kind;
	message->number = number;
}

/**
 * message_send() - Send without waiting. Return: 0, or -1 with errno; the descriptors stay open.
 */
int message_send(int fd, const struct message *message)
{
	char control[CMSG_SPACE(sizeof(int) * MESSAGE_MAX_FDS)] = { 0 };
	bool failed = message->kind == MESSAGE_FAILED;
	struct iovec data = { (void *)message, failed ? WITH_FAILURE : HEADER_SIZE };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };

	if (message->fd_count > 0) {
		size_t size = sizeof(int) * (size_t)message->fd_count;
		struct cmsghdr *rights;

		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(size);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(rights), message->fds, size);
	}
	if (sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	/* Who waits for a message that there was no memory for sees an end instead. */
	if (errno == ENOMEM || errno == ENOBUFS) {
		shutdown(fd, SHUT_RDWR);
		errno = ENOMEM;
	}
	return -1;
}

/**
 * message_receive() - Receive one message, waiting where the socket does
 *
 * Return: 1 with the message, whose descriptors the caller closes; 0 when the peer is gone; -1
 * with errno, EPROTO for what is not a message.
 */
int message_receive(int fd, struct message *message)
{
	char control[CMSG_SPACE(sizeof(int) * MESSAGE_MAX_FDS)];
	struct iovec data = { message, WITH_FAILURE };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
				 .msg_controllen = sizeof(control) };
	bool reset = false;
	ssize_t got;

	memset(message, 0, sizeof(*message));
	for (;;) {
		got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
		if (got < 0 && errno == EINTR)
			continue;
		/* A peer that left without having read everything is told of first, and once; what
		 * it said before comes after. */
		if (got < 0 && errno == ECONNRESET && !reset) {
			reset = true;
			continue;
		}
		break;
	}
	if (got == 0 || (got < 0 && errno == ECONNRESET))
		return 0;
	if (got < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		message->fd_count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(message->fds, CMSG_DATA(c), sizeof(int) * (size_t)message->fd_count);
	}
	if (message->version == MESSAGE_VERSION && (header.msg_flags & MSG_CTRUNC) == 0 &&
	    (size_t)got == (message->kind == MESSAGE_FAILED ? WITH_FAILURE : HEADER_SIZE)) {
		message->failure.stage[sizeof(message->failure.stage) - 1] = '\0';
		message->failure.object[sizeof(message->failure.object) - 1] = '\0';
		message->failure.reason[sizeof(message->failure.reason) - 1] = '\0';
		return 1;
	}
	message_close_fds(message);
	errno = EPROTO;
	return -1;
}

/**
 * message_close_fds() - Close what came with a message and was not taken (set to -1) from it
 */
void message_close_fds(struct message *message)
{
	for (int i = 0; i < message->fd_count; i++)
		if (message->fds[i] >= 0)
			close(message->fds[i]);
	message->fd_count = 0;
}

static int run_dir_address(const char *run_dir, struct sockaddr_un *address)
{
	int dir = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/sock", dir);
	return dir;
}

/* An earlier supervisor was killed: what it was to carry out belongs to its run. */
static void remove_exec_plans(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (entries == NULL)
		return;
	while ((entry = readdir(entries)) != NULL)
		if (strncmp(entry->d_name, "exec", 4) == 0)
			unlinkat(copy, entry->d_name, 0);
	closedir(entries);
}

/**
 * socket_listen() - Make RUN_DIR (0700) and the supervisor's socket in it (0600)
 * @state_dir: the container's folder in its store; `store` in RUN_DIR links to it, so that another
 *	store that shares the run folder leaves it alone
 */
int socket_listen(const char *run_dir, const char *state_dir, struct failure *failure)
{
	struct sockaddr_un address;
	bool is_left = mkdir(run_dir, 0700) < 0;
	int dir, fd, saved;

	if (is_left && errno != EEXIST)
		return fail(failure, "make folder", run_dir, errno);
	dir = run_dir_address(run_dir, &address);
	if (dir < 0)
		return fail(failure, "open folder", run_dir, errno);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The container's lock is held: an old socket is a dead supervisor's. */
	unlinkat(dir, "sock", 0);
	if (is_left)
		remove_exec_plans(dir);
	umask(0177);
	saved = fd < 0 || (symlinkat(state_dir, dir, "store") < 0 && errno != EEXIST) ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 16) < 0 ? errno : 0;
	umask(077);
	close(dir);
	if (saved == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return fail(failure, "make socket in", run_dir, saved);
}

static bool is_own_user(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       peer.uid == geteuid();
}

/**
 * socket_accept() - Accept a client of the same user. Return: its socket, or -1.
 *
 * Ids are compared as this user namespace shows them: in it the user is 0, and so is whoever is
 * root of the container, which can't reach the socket.
 */
int socket_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && !is_own_user(fd)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/**
 * socket_connect() - Connect to the supervisor that listens in @run_dir
 */
int socket_connect(const char *run_dir, struct failure *failure)
{
	struct sockaddr_un address;
	int dir = run_dir_address(run_dir, &address);
	int fd, saved;

	if (dir < 0)
		return fail_because(failure, "reach the supervisor in", run_dir,
				    "the container is not running", errno);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	saved = fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
	close(dir);
	if (saved == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	if (saved == ECONNREFUSED || saved == ENOENT)
		return fail_because(failure, "reach the supervisor in", run_dir,
				    "the container is not running", saved);
	return fail(failure, "reach the supervisor in", run_dir, saved);
}
