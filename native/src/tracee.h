/* tracee.h - reads a process whose system call waits for an answer. This process controls
 * what is read: so strings are bounded, and each path is resolved to a descriptor only once. */
#ifndef BERTH_TRACEE_H
#define BERTH_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where processes are looked at: a procfs of this pid namespace, or the host's, by translation. */
struct tracee_view {
	int proc;
	bool translates;
	ino_t user_namespace;	/* this process's */
};

struct tracee {
	pid_t pid;	/* as the notification counts: a thread's */
	int proc;	/* its folder of procfs; it pins the process */
	uint64_t capabilities;	/* effective, in its user namespace */
	bool is_foreign;	/* that is not the container's, but one that it made */
	mode_t umask;
};

int tracee_view_open(struct tracee_view *view);

/* 0, or -errno. Nothing that is read is sure to be of the right process before the notification
 * is known to be valid still. */
int tracee_open(const struct tracee_view *view, pid_t pid, struct tracee *tracee);
void tracee_close(struct tracee *tracee);

/* Copies the string at @address; 0, or -errno. */
int tracee_string(const struct tracee *tracee, uint64_t address, char *text, size_t size);

/* What a path of the process starts from: its root, and its current directory or a descriptor. */
struct tracee_place {
	int root, base;
};

/* @fd is the process's descriptor, or AT_FDCWD. 0, or -errno. */
int tracee_place_open(const struct tracee *tracee, int fd, struct tracee_place *place);
void tracee_place_close(struct tracee_place *place);

/**
 * tracee_resolve() - Pin what @path means to the process
 *
 * Should:
 *   - be called with the notification known to be valid after @place was opened
 * Mustn't:
 *   - follow a magic link of procfs: this process may follow more of them than the other one
 *
 * This process's root and current directory are the other one's afterwards.
 *
 * Return: an O_PATH descriptor, or -errno.
 */
int tracee_resolve(const struct tracee_place *place, const char *path, bool follow);

#endif
