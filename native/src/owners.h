/* owners.h - records owners and devices that one mapped id can't hold, beside the files. */
#ifndef BERTH_OWNERS_H
#define BERTH_OWNERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct owners - where a container's files are
 * @device:	st_dev of its root file system: only what lies there is recorded
 * @mount:	id of its mount, where others may be of that file system; 0: none is
 * @state:	the container's folder, where the ledger lies
 * @ledger:	appended to for what can't have attributes; -1: there is none so far
 * @self:	this process's descriptors as a folder of procfs
 */
struct owners {
	dev_t device;
	uint64_t mount;
	int state, ledger, self;
};

/* Opens the ledger where there is one. */
void owners_open(struct owners *owners);

/* (uid_t)-1 and (gid_t)-1 stay as they are. 0, or -errno. */
int owners_change(struct owners *owners, int fd, uid_t uid, gid_t gid);

/* Makes the stand-in of a device node: an empty file. 0, or -errno. */
int owners_make_device(const struct owners *owners, int parent, const char *name, mode_t mode,
		       uint32_t device);

#endif
