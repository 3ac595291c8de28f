/*
 * signals.c - takes over the signals of a process, and gives them back.
 *
 * The runtimes that execute this program leave signals ignored (SIGPIPE, SIGXFSZ) or blocked, and
 * both survive execve; a container must not inherit that. Client and supervisor block all signals
 * and read them from a descriptor, so that no handler ever runs.
 */
#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "signals.h"

/**
 * signals_reset() - Give every signal its default action and an empty mask.
 */
void signals_reset(void)
{
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	signals_unblock();
}

/**
 * signals_unblock() - Let signals through again; called in each child before it becomes a program.
 */
void signals_unblock(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/**
 * signals_open() - Block signals and return a descriptor that reports them.
 * @job_control:	leave the terminal's stop signals alone, so that Ctrl-Z stops a client
 *
 * Faults (SIGSEGV and its kind) stay unblocked: blocked, they would kill without a trace anyway.
 */
int signals_open(bool job_control)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t all;

	sigfillset(&all);
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&all, faults[i]);
	for (unsigned int i = 0; job_control && i < sizeof(stops) / sizeof(*stops); i++)
		sigdelset(&all, stops[i]);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		return -1;
	return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

/**
 * signals_next() - Read one pending signal. Return: its number, 0 when none is left.
 */
int signals_next(int fd, struct signalfd_siginfo *info)
{
	ssize_t got;

	do
		got = read(fd, info, sizeof(*info));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*info) ? (int)info->ssi_signo : 0;
}
