/* kept-files.h - files that a command has kept for the next one of its kind. */
#ifndef BERTH_KEPT_FILES_H
#define BERTH_KEPT_FILES_H

#include <limits.h>
#include <stdbool.h>

enum { KEPT_MAX = 256 << 10 };

bool path_of(char path[PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));
bool find_run_directory(char path[PATH_MAX]);
int kept_open(const char *path);
char *next_string(char **at, const char *end);
bool is_usual_caller(void);
int do_again(int argc, char **argv, const char *command, int (*again)(char **words));

#endif
