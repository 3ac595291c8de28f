/* memory-file.h - files without a name, and writing whole ones. */
#ifndef BERTH_MEMORY_FILE_H
#define BERTH_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>

int memory_file(const char *name);
bool write_all(int fd, const void *bytes, size_t size);

#endif
