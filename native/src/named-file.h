/* named-file.h - files that a user names, wherever they are, for the helper to write to. */
#ifndef BERTH_NAMED_FILE_H
#define BERTH_NAMED_FILE_H

/**
 * open_named() - Open a file for writing; make it if it is not there
 * @flags: O_TRUNC or O_APPEND; O_NOFOLLOW where not even the user's own link is followed
 *
 * In a folder that all may write to and that is sticky (/tmp), opens nothing that another user has
 * put there: what fs.protected_regular, protected_fifos and protected_symlinks do where they are
 * set. Waits for no reader of a pipe. Return: a descriptor, or -1 with errno.
 */
int open_named(const char *path, int flags, unsigned mode);

#endif
