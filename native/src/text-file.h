/* text-file.h - small texts of the kernel and of ours, read and written as a whole. */
#ifndef BERTH_TEXT_FILE_H
#define BERTH_TEXT_FILE_H

#include <sys/types.h>

/* The text is cut at @size - 1 and ended; empty where it can't be read. Return: its length, or -1
 * with errno. */
ssize_t read_text(int dir_fd, const char *path, char *text, size_t size);

/* Writes to a file that exists. Return: 0, or -1 with errno. */
int write_text(int dir_fd, const char *path, const char *text);

#endif
