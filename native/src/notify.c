/*
 * notify.c - tells a service manager that a container runs: sd_notify(3), and PIDFile= of
 * systemd.service(5).
 *
 * The client does it, because it is the unit's main process, whose messages are always accepted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "named-file.h"
#include "notify.h"

/**
 * notice_read() - Take from the plan what is to be told; outlives the plan
 */
void notice_read(struct notice *notice, const struct plan *plan)
{
	const char *what = plan_value(plan, OP_NOTIFY, 0);
	const char *pid_file = plan_value(plan, OP_SUPERVISOR_PID_FILE, 0);

	notice->ready = what != NULL && strcmp(what, "ready") == 0;
	notice->main = what != NULL;
	notice->pid_file = pid_file == NULL ? NULL : strdup(pid_file);
}

/* A leading @ stands for the null byte of an abstract name. */
static int tell(const char *name, const char *text, struct failure *failure)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);
	int fd, error = 0;

	if ((*name != '/' && *name != '@') || length >= sizeof(address.sun_path))
		return fail_because(failure, "notify", name, "not a socket's name", 0);
	memcpy(address.sun_path, name, length);
	if (*name == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error == 0 ? 0 : fail(failure, "notify", name, error);
}

static int write_pid(const char *path, pid_t pid, struct failure *failure)
{
	int fd = open_named(path, O_TRUNC | O_NOFOLLOW, 0644);
	bool written = fd >= 0 && dprintf(fd, "%d", pid) > 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	return written ? 0 : fail(failure, "write", path, error);
}

/**
 * notice_give() - Tell it
 * @leaves:	the client does, now
 */
int notice_give(const struct notice *notice, pid_t supervisor, bool leaves,
		struct failure *failure)
{
	const char *name = getenv("NOTIFY_SOCKET");
	char text[64] = "";
	int result = 0;

	if (notice->pid_file != NULL)
		result = write_pid(notice->pid_file, supervisor, failure);
	if (name == NULL || *name == '\0')
		return result;
	if (notice->main && leaves)
		snprintf(text, sizeof(text), "MAINPID=%d\n", supervisor);
	if (notice->ready)
		strcat(text, "READY=1\n");
	return *text != '\0' && tell(name, text, failure) < 0 ? -1 : result;
}
