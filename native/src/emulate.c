/* The process that answers emulated calls. Like the supervisor it is root of the shared user
 * namespace and in the supervisor's pid namespace, and it ends with the supervisor. It owns every
 * listener: when it has ended, waiting calls return ENOSYS. */
#include "emulate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Since 6.6: caller and answering process share one processor, which makes a call cheaper. */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

enum { LISTENERS_MAX = 512, NOTIFICATION_MAX = 512, END_WAIT_MS = 1000 };

/* The running kernel decides how large a request is, not the headers compiled with. */
union request {
	struct seccomp_notif value;
	char room[NOTIFICATION_MAX];
};

/* Receives a filter's call and answers it. Return: -1 if no process has the filter now. */
static int serve(const struct tracee_view *view, struct owners *owners, int listener)
{
	static union request request;
	union {
		struct seccomp_notif_resp value;
		char room[NOTIFICATION_MAX];
	} response;
	int result;

	memset(&request, 0, sizeof(request));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
		return errno == ENOENT || errno == EINTR || errno == EAGAIN ? 0 : -1;
	memset(&response, 0, sizeof(response));
	response.value.id = request.value.id;
	result = emulated_call(view, owners, &request.value, listener);
	if (result == CALL_GOES_ON)
		response.value.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		response.value.error = result;
	/* A caller that ended meanwhile needs no answer. */
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	return 0;
}

/* A descriptor that came with one byte; -1 at the end. */
static int take_listener(int control)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} rights = {{0}};
	char byte;
	struct iovec data = {&byte, 1};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = rights.bytes,
				.msg_controllen = sizeof(rights.bytes)};
	struct cmsghdr *first;
	int fd;

	if (recvmsg(control, &header, MSG_CMSG_CLOEXEC) <= 0)
		return -1;
	first = CMSG_FIRSTHDR(&header);
	if (first == NULL || first->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(first), sizeof(fd));
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return fd;
}

/* Answers until the supervisor closes its end. */
static void serve_all(int control, const struct tracee_view *view, struct owners *owners)
{
	static struct pollfd polls[1 + LISTENERS_MAX];
	nfds_t count = 1;

	polls[0] = (struct pollfd){control, POLLIN, 0};
	for (;;) {
		if (poll(polls, count, -1) < 0 && errno != EINTR)
			return;
		for (nfds_t i = count - 1; i > 0; i--) {
			bool gone = (polls[i].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;

			if (!gone && (polls[i].revents & POLLIN) != 0)
				gone = serve(view, owners, polls[i].fd) < 0;
			if (!gone)
				continue;
			close(polls[i].fd);
			polls[i] = polls[--count];
		}
		if (polls[0].revents != 0) {
			int fd = take_listener(control);

			if (fd < 0)
				return;
			if (count <= LISTENERS_MAX)
				polls[count++] = (struct pollfd){fd, POLLIN, 0};
			else
				close(fd);
		}
	}
}

/**
 * run_emulator() - From the supervisor's copy to the process that answers
 *
 * Should:
 *   - hold nothing of the supervisor's but its folder: streams, clients and lock are not its own
 * Mustn't:
 *   - be traced or looked at by a container that shares the host's pid namespace
 */
static _Noreturn void run_emulator(int control, const char *state_dir, struct owners owners)
{
	struct tracee_view view;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "berth-emulate");
	umask(0);
	if (dup2(control, 3) < 0 || close_range(4, ~0U, 0) < 0)
		_exit(1);
	owners.state = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	owners.self = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (owners.state < 0 || owners.self < 0 || tracee_view_open(&view) < 0)
		_exit(1);
	owners_open(&owners);
	serve_all(3, &view, &owners);
	_exit(0);
}

static int start(struct emulator *emulator, const char *state_dir, const struct owners *owners,
		 struct failure *failure)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(failure, "emulate root", "", errno);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		run_emulator(pair[1], state_dir, *owners);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return fail(failure, "emulate root", "", errno);
	}
	*emulator = (struct emulator){pid, pair[0]};
	return 0;
}

static int pass(int control, int listener)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} rights = {{0}};
	struct iovec data = {"", 1};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = rights.bytes,
				.msg_controllen = sizeof(rights.bytes)};
	struct cmsghdr *first = CMSG_FIRSTHDR(&header);

	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_RIGHTS;
	first->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(first), &listener, sizeof(int));
	return sendmsg(control, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : -1;
}

int emulator_serve(struct emulator *emulator, struct container_process *process,
		   const struct plan *plan, struct failure *failure)
{
	struct owners owners = {.device = process->root_device, .ledger = -1};
	int result = 0;

	/* What is bound into the container may be of the same file system as its root folder. */
	if (plan_find(plan, OP_ROOTFS) != NULL)
		owners.mount = process->root_mount;
	if (emulator->pid == 0)
		result = start(emulator, plan_value(plan, OP_STATE_DIR, 0), &owners, failure);
	if (result == 0 && pass(emulator->control, process->listener) < 0)
		result = fail(failure, "emulate root", "", errno);
	close(process->listener);
	process->listener = -1;
	return result;
}

void emulator_gone(struct emulator *emulator)
{
	close(emulator->control);
	emulator->pid = 0;
}

void emulator_end(struct emulator *emulator)
{
	if (emulator->pid == 0)
		return;
	close(emulator->control);
	kill(emulator->pid, SIGKILL);
	/* A hanging file system (FUSE, NFS) may block it; the end of a run must not wait. */
	for (int waited = 0; waited < END_WAIT_MS; waited++) {
		pid_t pid = waitpid(emulator->pid, NULL, WNOHANG);

		if (pid > 0 || (pid < 0 && errno != EINTR))
			break;
		usleep(1000);
	}
	emulator->pid = 0;
}
