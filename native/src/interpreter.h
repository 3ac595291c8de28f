/* Says why a file that is there can't be executed. */
#ifndef BERTH_INTERPRETER_H
#define BERTH_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the file at @path asks for a program to run it, filled into @name, that is not there. */
bool interpreter_missing(const char *path, char *name, size_t size);

#endif
