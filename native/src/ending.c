/*
 * ending.c - what a supervisor does once its container has ended, or could not be started.
 *
 * In order: nothing of the container runs any more, the end is recorded, clients are told, and the
 * exit steps are done. Nothing here may fail: what can't be done is left to the next command.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exit.h"
#include "remove.h"
#include "supervise.h"
#include "text-file.h"
#include "userns.h"

/**
 * run_note_error() - Note in the exit record what failed
 */
void run_note_error(struct run *run, const struct failure *failure)
{
	const char *reason = failure->reason[0] != '\0' ? failure->reason
							: strerror(failure->error);

	snprintf(run->error, sizeof(run->error),
		 failure->object[0] == '\0' ? "%.47s%.511s: %.191s" : "%.47s \"%.511s\": %.191s",
		 failure->stage, failure->object, reason);
}

/* Orphans of a container without its own pid namespace become children of the supervisor, which is
 * their subreaper. Each round ends the processes that the round before made orphans. */
static void end_children(struct supervisor *s)
{
	char text[4096], *at;
	ssize_t got;

	do {
		got = read_text(AT_FDCWD, "/proc/thread-self/children", text, sizeof(text));
		/* A blank ends each number; what has none may be cut off, and another process's. */
		for (char *next = text; (at = strsep(&next, " ")) != NULL && next != NULL;)
			if (atoi(at) > 0)
				kill(atoi(at), SIGKILL);
		if (got > 0) {
			siginfo_t info;

			waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
			supervisor_reap(s);
		}
	} while (got > 0);
}

/**
 * supervisor_end_container() - End the container and all helpers but the network's
 */
void supervisor_end_container(struct supervisor *s)
{
	s->ended = true;
	if (s->init.pid > 0 && s->wait_status < 0) {
		kill(s->init.pid, SIGKILL);
		waitpid(s->init.pid, &s->wait_status, 0);
	}
	if (getpid() != 1)
		end_children(s);
	/* Processes of exec ended with the pid namespace; their clients still wait. */
	supervisor_reap(s);
	network_end(&s->network, &s->udp_relay, &s->plan);
	helper_end(&s->server);
	emulator_end(&s->emulator);
}

/* On a full disk, or beyond RLIMIT_FSIZE, the log lacks the output that could not be written. */
static void note_lost_output(struct supervisor *s)
{
	struct failure failure;
	char reason[128];

	snprintf(reason, sizeof(reason), "%s: not all output was kept", strerror(s->log.error));
	fail_because(&failure, "write log", s->log.path, reason, s->log.error);
	run_note_error(&s->run, &failure);
}

/**
 * supervisor_record_end() - Record how the run ended, or why the container did not start
 */
void supervisor_record_end(struct supervisor *s, const struct failure *failed)
{
	struct failure failure = { 0 };

	clock_gettime(CLOCK_REALTIME, &s->run.finished);
	if (failed != NULL) {
		s->run.status = failed->status != 0 ? failed->status : EXIT_ENGINE;
		run_note_error(&s->run, failed);
	} else {
		s->run.status = s->timed_out ? STATUS_TIMED_OUT
						: status_of(s->wait_status);
		s->run.signal = WIFSIGNALED(s->wait_status) ? WTERMSIG(s->wait_status) : 0;
		s->run.oom = s->run.signal == SIGKILL && cgroup_had_oom(&s->cgroup);
	}
	if (s->log.error != 0 && s->run.error[0] == '\0')
		note_lost_output(s);
	if (s->run.number > 0)
		facts_publish_exit(&s->run, &failure);
}

/**
 * supervisor_leave() - Tell the clients, and carry out the plan's exit records
 */
void supervisor_leave(struct supervisor *s, const struct failure *failed)
{
	struct failure ignored = { 0 };
	struct message message;

	message_init(&message, failed != NULL ? MESSAGE_FAILED : MESSAGE_EXITED, s->run.status);
	if (failed != NULL)
		message.failure = *failed;
	peers_tell(s, &message);
	/* This folder has the socket, and perhaps plans of clients that were killed. */
	if (s->run_dir != NULL)
		tree_remove(AT_FDCWD, s->run_dir, &ignored);
	exit_run_steps(&s->plan);
	if (s->keepers_dir != NULL)
		userns_withdraw(s->keepers_dir, s->run.supervisor);
	/* The cgroup can be removed only after the network helper. Clients don't wait for that. */
	if (s->network.pid > 0 && s->cgroup.made) {
		peers_leave(s);
		waitpid(s->network.pid, NULL, 0);
	}
	cgroup_end(&s->cgroup);
	/* Nor for the disk: with a journal, removing a folder is slower than making it. */
	if (plan_value(&s->plan, OP_EXIT_REMOVE, 0) != NULL) {
		peers_leave(s);
		/* On NFS and FUSE a folder stays as long as a removed file in it is open. */
		close_fd(&s->lock);
	}
	exit_remove_trees(&s->plan);
	/* Closing this may wait for the disk. The end is recorded and the lock is free, so another
	 * command may start or remove the container meanwhile. */
	if (s->mounts >= 0) {
		peers_leave(s);
		close_fd(&s->lock);
		close_fd(&s->mounts);
	}
}
