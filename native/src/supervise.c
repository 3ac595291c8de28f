/*
 * supervise.c - `berth-native supervise`: the parent of one container.
 *
 * Theory of operation. The process was started by start.c, in the user's namespace, as process 1
 * of a pid namespace that holds the container's and all helpers, so that the kernel ends all of
 * them with it. It holds the container's lock for life. In order:
 *
 *	publish itself as keeper; number the run; open socket, log, pipes
 *	server of the root file system starts, where it has one; container_clone,
 *	container_hello; network helper starts; container_ready; network ready
 *	container_release, container_started		(point of no return: it runs)
 *	facts, summary, pid file; clients are told
 *	loop: output, requests, signals, timeout, until process 1 of the container ends
 *	output and log end; helper ends; exit record, summary; clients are told; exit steps
 *
 * Before the point of no return a failure is told to the client and ends everything, and so does
 * one to record the start: a container that no command knows of must not run. After that nothing
 * may fail any more: it is noted in the exit record and the run goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuse-overlay.h"
#include "resident.h"
#include "signals.h"
#include "start.h"
#include "supervise.h"
#include "userns.h"

static struct supervisor supervisor;

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void signal_init(struct supervisor *s, int number)
{
	if (s->init.pidfd >= 0)
		syscall(SYS_pidfd_send_signal, s->init.pidfd, number, NULL, 0);
}

static int close_on_exec(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static void init_state(struct supervisor *s, char **argv)
{
	s->control = close_on_exec(atoi(argv[2]));
	s->lock = close_on_exec(atoi(argv[4]));
	s->keepers = close_on_exec(atoi(argv[5]));
	s->pid_file = close_on_exec(atoi(argv[6]));
	s->run.pid_namespace = argv[7];
	snprintf(s->cgroup.origin, sizeof(s->cgroup.origin), "%s", argv[8]);
	s->listener = s->sink = s->tty_hold = s->mounts = s->cgroup.events = s->log.fd = -1;
	s->sources[0] = s->sources[1] = s->network.said = s->server.said = -1;
	s->init.pidfd = s->init.sync = s->init.netns = s->init.terminal =
		s->init.listener = -1;
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		s->peers[i].socket = s->peers[i].in = s->peers[i].out[0] = s->peers[i].out[1] =
			s->peers[i].exec_terminal = s->peers[i].starting = -1;
}

static int open_log(struct supervisor *s, struct failure *failure)
{
	const struct plan_record *log = plan_find(&s->plan, OP_LOG);

	if (log != NULL && log_open(&s->log, log->args[0], log->args[1], log->args[2],
				    log->args[3]) < 0)
		return fail(failure, "open log", log->args[1], errno);
	return 0;
}

/* Pipes for a container whose output is logged; @given are the ends that it gets. */
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

/* The streams that came as 0, 1, 2 are the container's alone from now on. */
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
	/* Held, or reading would fail whenever nobody in the container has it open. */
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
	for (; stdio.preserved_count < count; stdio.preserved_count++)
		preserved[stdio.preserved_count] = close_on_exec(3 + (int)stdio.preserved_count);
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

/* The client's first message says what is attached, before there is anything to miss. */
static void serve_launcher(struct supervisor *s)
{
	struct peer *peer = peer_add(s, s->control);

	peer->waits = true;
	peer_serve(s, peer);
	if (peer->socket >= 0)
		fcntl(peer->socket, F_SETFL, O_RDWR | O_NONBLOCK);
}

static int prepare(struct supervisor *s, struct failure *failure)
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

/* Before the kernel lets go of an overlay it writes the file system of the upper folder to the
 * disk (generic_shutdown_super() calls ovl_sync_fs(), which spares a volatile overlay). Whoever
 * closes the last reference waits for that: it must not be the container's last process, since
 * others wait for its end. The server of a fuse-overlayfs ends only when its mount is gone. */
static void hold_mounts(struct supervisor *s)
{
	char path[64];

	if (plan_find(&s->plan, OP_OVERLAY) == NULL || s->server.pid > 0 ||
	    plan_find(&s->plan, OP_VOLATILE) != NULL)
		return;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", s->init.host_pid);
	s->mounts = open(path, O_RDONLY | O_CLOEXEC);
}

static int start_container(struct supervisor *s, struct failure *failure)
{
	int left;

	if (clone_container(s, failure) < 0 ||
	    container_hello(&s->init, failure) < 0 ||
	    network_start(&s->network, &s->plan, s->init.netns, failure) < 0 ||
	    container_ready(&s->init, failure) < 0 ||
	    network_wait(&s->network, &s->plan, s->init.host_pid, failure) < 0)
		return -1;
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

/* In a folder that others may write to, a link may be another user's, to a file of ours. */
static bool is_link_of_another(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != geteuid();
}

static void write_pid_file(struct supervisor *s, struct failure *failure)
{
	const char *path = plan_value(&s->plan, OP_PID_FILE, 0);

	if (path == NULL)
		return;
	if (s->pid_file < 0 && is_link_of_another(path))
		errno = ELOOP;
	else if (s->pid_file < 0)
		s->pid_file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK,
				   0644);
	if (s->pid_file < 0 || dprintf(s->pid_file, "%d", s->init.host_pid) < 0)
		fail(failure, "write", path, errno);
	close_fd(&s->pid_file);
}

static int publish_start(struct supervisor *s, struct failure *failure)
{
	struct failure pid_file = { 0 };
	struct message message;
	uint64_t seconds = 0, number = SIGTERM;
	const char *value;
	char path[64];

	s->run.init = s->init.host_pid;
	snprintf(path, sizeof(path), "/proc/%d/stat", s->init.host_pid);
	s->run.init_start = process_start_time(AT_FDCWD, path);
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

/* A container whose files can't be read any more only looks alive. By itself the server ends when
 * the container's last process has. */
static void server_ended(struct supervisor *s, int status)
{
	struct failure failure;

	fuse_overlay_ended(&s->server, &s->plan, status, &failure);
	if (status != 0)
		run_note_error(&s->run, &failure);
	signal_init(s, SIGKILL);
}

/**
 * supervisor_reap() - Take note of every child that has ended
 */
void supervisor_reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->init.pid) {
			s->wait_status = status;
			s->ended = true;
		} else if (pid == s->network.pid) {
			s->network.pid = 0;
		} else if (pid == s->server.pid) {
			server_ended(s, status);
		} else if (pid == s->emulator.pid) {
			emulator_gone(&s->emulator);
		} else {
			peer_exec_ended(s, pid, status);
		}
	}
}

/* Someone ends the session: the container is asked to stop, as `stop` would. */
static void stop(struct supervisor *s)
{
	uint64_t limit = now_ms() + STOP_GRACE_MS;

	signal_init(s, s->stop_signal);
	if (s->deadline == 0 || s->deadline > limit)
		s->deadline = limit;
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	int number;

	while ((number = signals_next(s->signals, &info)) != 0)
		if (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT)
			stop(s);
	supervisor_reap(s);
}

static int poll_timeout(const struct supervisor *s)
{
	uint64_t now = now_ms(), next = UINT64_MAX;

	if (s->deadline != 0)
		next = s->deadline;
	if (s->chunk_length > 0 && s->chunk_time + STALL_MS < next)
		next = s->chunk_time + STALL_MS;
	if (s->awake && now + SETTLE_MS < next)
		next = now + SETTLE_MS;
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : next - now > 3600000 ? 3600000 : (int)(next - now);
}

static void take_timers(struct supervisor *s, bool idle)
{
	output_stop_slow(s, STALL_MS);
	if (s->deadline != 0 && now_ms() >= s->deadline) {
		s->deadline = 0;
		signal_init(s, SIGKILL);
	}
	if (idle && s->awake && s->chunk_length == 0) {
		output_release_memory();
		s->awake = false;
	}
}

/* Adds what peers may say, and what is said of the processes that they started. */
static unsigned int request_polls(const struct supervisor *s, struct pollfd *polls)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		const struct peer *peer = &s->peers[i];

		if (peer->used && peer->socket >= 0)
			polls[count++] = (struct pollfd){ peer->socket, POLLIN, 0 };
		if (peer->used && peer->starting >= 0)
			polls[count++] = (struct pollfd){ peer->starting, POLLIN, 0 };
	}
	return count;
}

static void serve_requests(struct supervisor *s, const struct pollfd *polls, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		for (unsigned int p = 0; polls[i].revents && p < PEERS_MAX; p++) {
			struct peer *peer = &s->peers[p];

			if (peer->used && peer->socket == polls[i].fd)
				peer_serve(s, peer);
			else if (peer->used && peer->starting == polls[i].fd)
				peer_exec_step(s, peer);
			else
				continue;
			break;
		}
}

static void supervise(struct supervisor *s)
{
	struct pollfd polls[POLLS_MAX];

	while (!s->ended) {
		unsigned int count = 2, first;
		int ready, fd, timeout;

		polls[0] = (struct pollfd){ s->signals, POLLIN, 0 };
		polls[1] = (struct pollfd){ s->listener, POLLIN, 0 };
		count += request_polls(s, polls + count);
		first = count;
		count += output_polls(s, polls + count);
		timeout = poll_timeout(s);
		ready = s->awake ? poll(polls, count, timeout)
				 : resident_poll(polls, count, timeout);
		if (ready < 0 && errno != EINTR)
			break;
		s->awake |= ready > 0;
		if (polls[0].revents)
			take_signals(s);
		serve_requests(s, polls + 2, first - 2);
		if (polls[1].revents && (fd = socket_accept(s->listener)) >= 0)
			peer_add(s, fd);
		if (!s->ended)
			output_run(s);
		take_timers(s, ready == 0);
	}
}

/**
 * supervise_main() - The applet: `supervise ID CONTROL PLAN LOCK KEEPERS PIDFILE PIDNS CGROUP`
 */
int supervise_main(int argc, char **argv)
{
	struct supervisor *s = &supervisor;
	struct failure failure = { 0 };
	bool failed;
	int plan;

	if (argc != 9)
		return EXIT_ENGINE;
	init_state(s, argv);
	prctl(PR_SET_NAME, "berth-supervise");
	umask(077);
	s->wait_status = -1;
	s->awake = true;
	s->signals = signals_open(false);
	s->run.supervisor = facts_own_pid();
	serve_launcher(s);
	plan = close_on_exec(atoi(argv[3]));
	failed = lseek(plan, 0, SEEK_SET) < 0 || plan_read(plan, &s->plan, &failure) < 0;
	close(plan);
	if (!failed) {
		s->run_dir = plan_value(&s->plan, OP_RUN_DIR, 0);
		s->keepers_dir = plan_value(&s->plan, OP_USERNS, 0);
		if (getpid() != 1)
			prctl(PR_SET_CHILD_SUBREAPER, 1);
		failed = prepare(s, &failure) < 0 || start_container(s, &failure) < 0 ||
			publish_start(s, &failure) < 0;
		if (failed)
			fuse_overlay_explain(&s->server, &s->plan, &failure);
	}
	if (!failed)
		supervise(s);
	supervisor_end_container(s);
	output_finish(s);
	supervisor_record_end(s, failed ? &failure : NULL);
	supervisor_leave(s, failed ? &failure : NULL);
	/* A service manager may know it as the unit's main process. */
	return s->run.status;
}
