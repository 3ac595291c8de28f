/* supervise.h - the state of a supervisor, for the files that share its loop. */
#ifndef BERTH_SUPERVISE_H
#define BERTH_SUPERVISE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "cgroup.h"
#include "container.h"
#include "emulate.h"
#include "facts.h"
#include "log.h"
#include "network-helper.h"
#include "socket.h"

enum { PEERS_MAX = 64, CHUNK_SIZE = 65536, POLLS_MAX = 8 + 3 * PEERS_MAX };
enum { STALL_MS = 30000, STALL_AT_EXIT_MS = 3000, FINISH_MS = 10000, STOP_GRACE_MS = 10000 };
enum { SETTLE_MS = 1000, STATUS_TIMED_OUT = 255 /* Podman's */ };

/**
 * struct peer - a client
 * @socket:	-1: the slot is free, or its exec goes on without it
 * @in:		pipe from its standard input, -1
 * @out:	pipes to its standard output and error, -1
 * @sent:	bytes of the current chunk that it has taken
 * @waits:	wants to be told the container's status
 * @ends_stdin:	its standard input ended by itself, so the container's does
 * @exec:	pid of the process that it asked for, 0
 * @starting:	socket to that process until its program runs, -1
 * @is_set_up:	that process has said that all but its program is ready
 * @leaves:	it does not wait for that process's end
 * @exec_terminal:	that process's terminal, kept while its client may come and go
 */
struct peer {
	int socket, in, out[2];
	size_t sent;
	bool used, launched, waits, ends_stdin, is_set_up, leaves;
	pid_t exec;
	int starting, exec_terminal;
};

/**
 * struct supervisor - all there is to know
 * @sources:	what the container writes to: two pipes, or the terminal
 * @sink:	what it reads from, -1 when closed
 * @sink_full:	wait for room before reading more for it
 * @chunk, @chunk_length, @chunk_source:	output that not all peers have taken; nothing more
 *		is read until they have, or are dropped
 * @chunk_time:	when a peer last took something
 * @mounts:	the container's mount namespace, where letting go of it takes long; -1
 * @awake:	something happened less than SETTLE_MS ago
 * @deadline:	when to kill, in ms of the monotonic clock; 0 never
 * @stopping:	@deadline is the end of a service manager's patience, not that of --timeout
 */
struct supervisor {
	struct plan plan;
	int control, lock, keepers, pid_file, signals, listener;
	const char *run_dir, *keepers_dir;
	bool terminal, ended;
	int terminal_size;	/* what the launching client said */
	struct run run;
	struct cgroup cgroup;
	struct helper_process network, server;	/* @server: of the root file system */
	pid_t udp_relay;			/* 0: there is none */
	struct emulator emulator;
	struct container_process init;
	struct log log;
	int sources[2], sink, tty_hold, mounts;
	bool sink_full, awake, stopping, timed_out;
	size_t chunk_length;
	unsigned int chunk_source;
	uint64_t chunk_time, deadline;
	int stop_signal, wait_status;
	struct peer peers[PEERS_MAX];
};

uint64_t now_ms(void);
void supervisor_reap(struct supervisor *s);

/* beginning.c */
int supervisor_prepare(struct supervisor *s, struct failure *failure);
int supervisor_start_container(struct supervisor *s, struct failure *failure);
int supervisor_publish_start(struct supervisor *s, struct failure *failure);

/* ending.c */
void run_note_error(struct run *run, const struct failure *failure);
void supervisor_end_container(struct supervisor *s);
void supervisor_record_end(struct supervisor *s, const struct failure *failed);
void supervisor_leave(struct supervisor *s, const struct failure *failed);

/* output.c */
unsigned int output_polls(struct supervisor *s, struct pollfd *polls);
void output_run(struct supervisor *s);
void output_stop_slow(struct supervisor *s, uint64_t limit_ms);
void output_finish(struct supervisor *s);
void output_close_sink(struct supervisor *s);
void output_hang_up(struct supervisor *s);
void output_release_memory(void);
void peer_close_streams(struct peer *peer);
void close_fd(int *fd);

/* requests.c */
struct peer *peer_add(struct supervisor *s, int socket);
void peer_leave(struct peer *peer);
void peer_serve(struct supervisor *s, struct peer *peer);
void peer_exec_step(struct supervisor *s, struct peer *peer);
void peers_tell(struct supervisor *s, const struct message *message);
void peers_leave(struct supervisor *s);
void peer_exec_ended(struct supervisor *s, pid_t pid, int status);
int status_of(int wait_status);

#endif
