/*
 * stdio.c - which standard streams a process in a container gets.
 *
 * Pipes and /dev/null are handed over; of a pipe the process gets an open file of its own, because
 * many programs set O_NONBLOCK, which the caller's other programs don't expect. Terminals are
 * copied through a pipe, because a program without -t must not find a terminal, nor push keys into
 * it. Files, sockets and all else are copied too, because a file that was opened only for reading
 * could be opened again, for writing, through /proc/self/fd/0. Folders and block devices are
 * refused: they would show the host's files.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "client.h"

static const char *const names[] = { "stdin", "stdout", "stderr" };

static bool is_handed(const struct stat *status)
{
	if (S_ISFIFO(status->st_mode))
		return true;
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

/* The same pipe; the caller's own open file where no other one can be had. */
static int handed(int fd)
{
	int own = relay_own_description(fd, fcntl(fd, F_GETFL) & O_ACCMODE);

	if (own == fd)
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	fcntl(own, F_SETFL, 0);
	return own;
}

/* A pipe between @fd and the process; @given is the end that it gets. */
static int copied(struct client *client, int fd, int *given)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*given = ends[fd == 0 ? 0 : 1];
	if (fd == 0) {
		fcntl(ends[1], F_SETFL, O_WRONLY | O_NONBLOCK);
		relay_init(&client->relays[0], relay_own_description(0, O_RDONLY), ends[1]);
	} else {
		fcntl(ends[0], F_SETFL, O_RDONLY | O_NONBLOCK);
		fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
		relay_init(&client->relays[fd], ends[0], relay_own_description(fd, O_WRONLY));
	}
	return 0;
}

/**
 * client_hand_streams() - Choose what becomes 0, 1 and 2 of the process
 * @given:	descriptors, each of which the caller closes after it has passed them on
 */
int client_hand_streams(struct client *client, int given[3], struct failure *failure)
{
	struct stat status;

	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &status) < 0)
			return fail(failure, "use", names[fd], errno);
		if (S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode))
			return fail_because(failure, "use", names[fd],
					    "folders and block devices can't be handed over",
					    0);
		if (!(client->streams & (1U << fd)) || (fd == 0 && !client->stdin_open))
			given[fd] = open("/dev/null", O_RDWR | O_CLOEXEC);
		else if (is_handed(&status))
			given[fd] = handed(fd);
		else if (copied(client, fd, &given[fd]) < 0)
			return fail(failure, "make pipe for", names[fd], errno);
		if (given[fd] < 0)
			return fail(failure, "use", names[fd], errno);
	}
	return 0;
}

/**
 * client_attach_streams() - Make a message that attaches to a container's streams
 *
 * The pipes' other ends go with the message; the caller closes them after it is sent.
 */
int client_attach_streams(struct client *client, struct message *message, struct failure *failure)
{
	message_init(message, MESSAGE_ATTACH, 0);
	if (!client->stdin_open)
		client->streams &= ~(unsigned int)ATTACH_STDIN;
	message->flags = client->streams;
	for (int fd = 0; fd < 3; fd++) {
		if (!(client->streams & (1U << fd)))
			continue;
		if (copied(client, fd, &message->fds[message->fd_count]) < 0)
			return fail(failure, "make pipe for", names[fd], errno);
		message->fd_count++;
	}
	if (client->terminal && client->keys.count > 0)
		client->relays[0].keys = &client->keys;
	return 0;
}
