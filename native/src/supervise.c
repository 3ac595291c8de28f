/*
 * supervise.c - `berth-native supervise`: the parent of one container.
 *
 * Theory of operation. The process was started by start.c, in the user's namespace, as process 1
 * of a pid namespace that holds the container's and all helpers, so that the kernel ends all of
 * them with it. It holds the container's lock until it lets go of the mounts. In order:
 *
 *	publish itself as keeper; number the run; open socket, log, pipes
 *	server of the root file system starts, where it has one; container_clone,
 *	container_hello; network helper starts; container_ready; network ready
 *	container_release, container_started		(point of no return: it runs)
 *	facts, summary, pid file; clients are told
 *	loop: output, requests, signals, timeout, until process 1 of the container ends
 *	output and log end; helper ends; exit record, summary; clients are told; exit steps;
 *	lock, then mounts
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

/* The client's first message says what is attached. It is read before any output can be missed. */
static void serve_launcher(struct supervisor *s)
{
	struct peer *peer = peer_add(s, s->control);

	peer->launched = peer->waits = true;
	peer_serve(s, peer);
	if (peer->socket >= 0)
		fcntl(peer->socket, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* A container whose root file system has no server any more only looks alive: end it. The server
 * ends by itself only after the container's last process. */
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
		} else if (pid == s->udp_relay) {
			s->udp_relay = 0;
		} else if (pid == s->server.pid) {
			server_ended(s, status);
		} else if (pid == s->emulator.pid) {
			emulator_gone(&s->emulator);
		} else {
			peer_exec_ended(s, pid, status);
		}
	}
}

/* Someone wants to end this session: ask the container to stop, as `stop` would. */
static void stop(struct supervisor *s)
{
	uint64_t limit = now_ms() + STOP_GRACE_MS;

	signal_init(s, s->stop_signal);
	s->stopping = true;
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
		s->timed_out = !s->stopping;
		signal_init(s, SIGKILL);
	}
	if (idle && s->awake && s->chunk_length == 0) {
		output_release_memory();
		s->awake = false;
	}
}

/* Adds the sockets of the peers, and those of the processes that they are starting. */
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
		failed = supervisor_prepare(s, &failure) < 0 ||
			 supervisor_start_container(s, &failure) < 0 ||
			 supervisor_publish_start(s, &failure) < 0;
		if (failed)
			fuse_overlay_explain(&s->server, &s->plan, &failure);
	}
	if (!failed)
		supervise(s);
	supervisor_end_container(s);
	output_finish(s);
	supervisor_record_end(s, failed ? &failure : NULL);
	supervisor_leave(s, failed ? &failure : NULL);
	/* A service manager may see this process as the unit's main process, and so its status. */
	return s->run.status;
}
