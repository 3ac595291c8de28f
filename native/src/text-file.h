/* text-file.h - small texts of the kernel and of ours, read and written as a whole. */
#ifndef BERTH_TEXT_FILE_H
#define BERTH_TEXT_FILE_H

#include <sys/types.h>

/* Reads and closes @fd, whose opening may have failed. The text is cut at @size - 1 and ended, and
 * empty where it can't be read. Return: its length, or -1 with errno. */
ssize_t read_open_text(int fd, char *text, size_t size);

/* The same for the file at @path, which may not be a link. */
ssize_t read_text(int dir_fd, const char *path, char *text, size_t size);

/* Writes to a file that exists. Return: 0, or -1 with errno. */
int write_text(int dir_fd, const char *path, const char *text);

#endif
