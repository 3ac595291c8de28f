/*
 * beginning.c - what a supervisor does until its container runs.
 *
 * Each step may fail: then the client is told the failure, and supervise.c ends what was begun.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuse-overlay.h"
#include "named-file.h"
#include "supervise.h"
#include "udp-relay.h"
#include "userns.h"

static int open_log(struct supervisor *s, struct failure *failure)
{
	const struct plan_record *log = plan_find(&s->plan, OP_LOG);

	if (log != NULL && log_open(&s->log, log->args[0], log->args[1], log->args[2],
				    log->args[3]) < 0)
		return fail(failure, "open log", log->args[1], errno);
	return 0;
}

/* Makes pipes for a container whose output is logged; @given gets the container's ends. */
static int open_pipes(struct supervisor *s, int given[3], struct failure *failure)
{
	const char *input = plan_value(&s->plan, OP_STDIN, 0);
	int ends[2];

	for (unsigned int i = 0; i < 3; i++) {
		if (i == 0 && (input == NULL || strcmp(input, "open") != 0)) {
			given[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
			continue;
		}
		if (pipe2(ends, O_CLOEXEC) < 0)
			return fail(failure, "make pipe for", s->run_dir, errno);
		given[i] = ends[i == 0 ? 0 : 1];
		*(i == 0 ? &s->sink : &s->sources[i - 1]) = ends[i == 0 ? 1 : 0];
		fcntl(ends[i == 0 ? 1 : 0], F_SETFL, O_NONBLOCK);
		fcntl(ends[0], F_SETPIPE_SZ, 4 * CHUNK_SIZE);
	}
	return 0;
}

/* From now on only the container holds the streams that came as 0, 1 and 2. */
static void forget_streams(const int given[3], const struct container_stdio *stdio)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++) {
		if (given[fd] > 2)
			close(given[fd]);
		dup2(null, fd);
	}
	close(null);
	for (size_t i = 0; i < stdio->preserved_count; i++)
		close(stdio->preserved[i]);
}

static void take_terminal(struct supervisor *s)
{
	if (s->init.terminal < 0)
		return;
	fcntl(s->init.terminal, F_SETFL, O_RDWR | O_NONBLOCK);
	s->sources[0] = s->init.terminal;
	s->sink = fcntl(s->init.terminal, F_DUPFD_CLOEXEC, 3);
	/* Keeps the slave open: without any, reading would fail. */
	s->tty_hold = ioctl(s->init.terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static int clone_container(struct supervisor *s, struct failure *failure)
{
	const char *stdio_use = plan_value(&s->plan, OP_STDIO, 0);
	const char *preserve = plan_value(&s->plan, OP_PRESERVE_FDS, 0);
	int given[3] = { 0, 1, 2 }, preserved[MESSAGE_MAX_FDS], result;
	struct container_stdio stdio = { .preserved = preserved,
					 .terminal_size = s->terminal_size };
	uint64_t count = 0;

	if (preserve != NULL)
		parse_number(preserve, MESSAGE_MAX_FDS, &count);
	for (; stdio.preserved_count < count; stdio.preserved_count++) {
		preserved[stdio.preserved_count] = 3 + (int)stdio.preserved_count;
		fcntl(preserved[stdio.preserved_count], F_SETFD, FD_CLOEXEC);
	}
	s->terminal = stdio_use != NULL && strcmp(stdio_use, "terminal") == 0;
	if (stdio_use != NULL && strcmp(stdio_use, "piped") == 0 &&
	    open_pipes(s, given, failure) < 0)
		return -1;
	memcpy(stdio.stdio, given, sizeof(given));
	result = fuse_overlay_start(&s->server, &s->plan, 0, &stdio.root, failure);
	if (result == 0)
		result = container_clone(&s->plan, &stdio, &s->init, failure);
	if (stdio.root > 0)
		close(stdio.root);
	forget_streams(given, &stdio);
	return result;
}

/**
 * supervisor_prepare() - Prepare what the run needs outside of the container: its number, cgroup,
 * socket and log
 */
int supervisor_prepare(struct supervisor *s, struct failure *failure)
{
	if (s->keepers >= 0 && userns_publish(s->keepers_dir, s->keepers, s->run.supervisor,
					      failure) < 0)
		return -1;
	if (facts_begin_run(&s->run, &s->plan, failure) < 0 ||
	    cgroup_enter(&s->cgroup, &s->plan, s->run.supervisor, failure) < 0)
		return -1;
	s->listener = socket_listen(s->run_dir, plan_value(&s->plan, OP_STATE_DIR, 0), failure);
	return s->listener < 0 ? -1 : open_log(s, failure);
}

/* Before the kernel frees an overlay it writes the file system of the upper folder to the disk
 * (generic_shutdown_super() calls ovl_sync_fs(), which spares a volatile overlay). Whoever closes
 * the last reference waits for that. Others wait for the container's last process, so the
 * supervisor holds a reference. A fuse-overlayfs server ends only after its mount. */
static void hold_mounts(struct supervisor *s)
{
	char path[64];

	if (plan_find(&s->plan, OP_OVERLAY) == NULL || s->server.pid > 0 ||
	    plan_find(&s->plan, OP_VOLATILE) != NULL)
		return;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", s->init.host_pid);
	s->mounts = open(path, O_RDONLY | O_CLOEXEC);
}

/* Without its start time the process would be taken for another one, which has its number now. */
static int note_first_process(struct supervisor *s, struct failure *failure)
{
	char path[64];

	s->run.init = s->init.host_pid;
	snprintf(path, sizeof(path), "/proc/%d/stat", s->run.init);
	s->run.init_start = process_start_time(AT_FDCWD, path);
	return s->run.init_start == 0 ? fail(failure, "read", path, errno) : 0;
}

/**
 * supervisor_start_container() - Start the container; its program runs when this returns 0
 */
int supervisor_start_container(struct supervisor *s, struct failure *failure)
{
	int left;

	if (clone_container(s, failure) < 0 ||
	    container_hello(&s->init, failure) < 0 ||
	    note_first_process(s, failure) < 0 ||
	    network_start(&s->network, &s->plan, s->init.netns, failure) < 0 ||
	    container_ready(&s->init, failure) < 0 ||
	    network_wait(&s->network, &s->plan, s->init.host_pid, failure) < 0)
		return -1;
	s->udp_relay = udp_relay_start(&s->plan, s->init.netns);
	hold_mounts(s);
	take_terminal(s);
	clock_gettime(CLOCK_REALTIME, &s->run.started);
	if (container_release(&s->init, failure) < 0)
		return -1;
	while ((left = container_started(&s->init, failure)) > 0)
		if (emulator_serve(&s->emulator, &s->init, &s->plan, failure) < 0)
			return -1;
	return left;
}

static void write_pid_file(struct supervisor *s, struct failure *failure)
{
	const char *path = plan_value(&s->plan, OP_PID_FILE, 0);

	if (path == NULL)
		return;
	if (s->pid_file < 0)
		s->pid_file = open_named(path, O_TRUNC, 0644);
	if (s->pid_file < 0 || dprintf(s->pid_file, "%d", s->init.host_pid) < 0)
		fail(failure, "write", path, errno);
	close_fd(&s->pid_file);
}

/**
 * supervisor_publish_start() - Record the start, and tell the clients
 */
int supervisor_publish_start(struct supervisor *s, struct failure *failure)
{
	struct failure pid_file = { 0 };
	struct message message;
	uint64_t seconds = 0, number = SIGTERM;
	const char *value;

	if (facts_publish_start(&s->run, failure) < 0)
		return -1;
	write_pid_file(s, &pid_file);
	if (pid_file.stage[0] != '\0')
		run_note_error(&s->run, &pid_file);
	value = plan_value(&s->plan, OP_TIMEOUT, 0);
	if (value != NULL && parse_number(value, UINT32_MAX, &seconds) && seconds > 0)
		s->deadline = now_ms() + seconds * 1000;
	value = plan_value(&s->plan, OP_STOP_SIGNAL, 0);
	if (value != NULL)
		parse_number(value, SIGRTMAX > 0 ? (uint64_t)SIGRTMAX : 64, &number);
	s->stop_signal = (int)number;
	message_init(&message, MESSAGE_STARTED, s->init.host_pid);
	message.flags = (uint32_t)s->run.supervisor;
	peers_tell(s, &message);
	return 0;
}
