/* memory-file.h - files without a name. */
#ifndef BERTH_MEMORY_FILE_H
#define BERTH_MEMORY_FILE_H

int memory_file(const char *name);

#endif
