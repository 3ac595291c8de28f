/* seccomp.h - seccomp filters: from text to the program that the kernel loads. */
#ifndef BERTH_SECCOMP_H
#define BERTH_SECCOMP_H

#include <stdio.h>

#include "failure.h"

/* Writes the BPF program of the rules to @out. -1 with the failure: the first line that is wrong;
 * nothing is written then. Without libseccomp it does not exist. */
int seccomp_compile(FILE *rules, int out, struct failure *failure);

#endif
