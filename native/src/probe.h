/* probe.h - what a file system can do for containers, found out by trying it. */
#ifndef BERTH_PROBE_H
#define BERTH_PROBE_H

#include <stdbool.h>

#include "failure.h"

/**
 * probe_overlay() - Mount an overlay of folders below @folder, and use it
 * @program: fuse-overlayfs, which serves it; NULL: the kernel does
 * @has_ids: files below @folder can be given to others
 *
 * It is not enough that the mount succeeds: kernels only warn where whiteouts, opaque folders or
 * copying up will fail later.
 *
 * Return: 0, or -1 with what was refused.
 */
int probe_overlay(const char *folder, const char *program, bool has_ids, struct failure *refusal);

/**
 * probe_owners() - How files below @folder keep owners
 * @has_ids: there are ids that they can be given to
 * @owners: `native`: they belong to whoever they are given to; `xattr`: attributes can record it;
 *          `ledger`: not even that
 *
 * Return: 0, or -1 with a failure: no file can be made there.
 */
int probe_owners(const char *folder, bool has_ids, const char **owners, struct failure *failure);

#endif
