/* signals.h - takes over the signals of a process, and gives them back. */
#ifndef BERTH_SIGNALS_H
#define BERTH_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

/* What of the caller's resources must reach the container as the caller had it. */
void signals_reset(void);
int signals_open(bool job_control);
void signals_unblock(void);
int signals_next(int fd, struct signalfd_siginfo *info);

#endif
