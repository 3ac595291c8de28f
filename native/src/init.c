/*
 * init.c - process 1 of a container that was made with --init.
 *
 * The container's first process stays as process 1 and starts the program as its child. It passes
 * signals on, reaps orphans, and exits as the program does. It is the helper itself, whose file the
 * container can't write, so nothing must be mounted into the container for it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "signals.h"

static char *title;
static size_t title_size;

void init_keep_title(int argc, char **argv)
{
	title = argv[0];
	title_size = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - argv[0]);
}

/* `ps` inside then shows what the first process is, not its parent's command line. */
static void set_title(const char *text)
{
	prctl(PR_SET_NAME, text);
	if (title != NULL) {
		memset(title, 0, title_size);
		strncpy(title, text, title_size - 1);
	}
}

static void reap(pid_t child)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	if (pid < 0 && errno == ECHILD)
		_exit(0);
}

void init_lead(void)
{
	sigset_t ttou;

	/* A background process may only set it while it ignores or blocks this signal. */
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, NULL);
	setpgid(0, 0);
	tcsetpgrp(STDIN_FILENO, getpid());
	sigprocmask(SIG_UNBLOCK, &ttou, NULL);
}

_Noreturn void init_reap(pid_t child)
{
	sigset_t all;

	set_title("berth-init");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (;;) {
		int number;

		/* Also before the first wait: the child may have ended already. */
		reap(child);
		number = sigwaitinfo(&all, NULL);
		if (number > 0 && number != SIGCHLD)
			kill(child, number);
	}
}
