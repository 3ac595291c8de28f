/* Finds the reason why an existing file can't be executed. */
#ifndef BERTH_INTERPRETER_H
#define BERTH_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

/* This machine's name in image platforms. */
#if defined(__aarch64__)
#define INTERPRETER_OWN_MACHINE "arm64"
#else
#define INTERPRETER_OWN_MACHINE "amd64"
#endif

/* Beginnings of reasons for which there is a hint. */
#define INTERPRETER_CARRIAGE_RETURN "its first line ends with a carriage return, as on Windows"
#define INTERPRETER_OTHER_MACHINE "exec format error: a program for "
#define INTERPRETER_NO_FIRST_LINE \
	"exec format error: no program, and no script whose first line names one"
#define INTERPRETER_NOT_EXECUTABLE "permission denied: no one may execute it"

/* Whether the file at @path explains why execve(2) failed with @error; fills @reason. */
bool interpreter_explain(const char *path, int error, char *reason, size_t size);

#endif
