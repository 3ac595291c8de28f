/* Opens and creates paths below a root, by descriptor: the kernel keeps every step, symlinks
 * included, inside the root, and never follows the magic links of procfs. */
#ifndef BERTH_BELOW_H
#define BERTH_BELOW_H

#include <stdbool.h>
#include <stdint.h>

enum below_kind { BELOW_FILE, BELOW_FOLDER };

/* openat2 of @path below @root with @flags (O_CLOEXEC is added). @strict also refuses symlinks.
 * Return: the descriptor, or -1 and errno. */
int below_open(int root, const char *path, int flags, bool strict);

/**
 * below_ensure() - An O_PATH descriptor of @path, created where it is missing
 *
 * Folders above it are made (0755) as needed, and a dangling symlink on the way is followed to
 * where it points inside the root. What exists is returned whatever its kind is. @created, if
 * given, says whether the last component was made. -1 and errno where it can't be.
 */
int below_ensure(int root, const char *path, enum below_kind kind, bool strict, bool *created);

#endif
