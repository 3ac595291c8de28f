/*
 * helper-process.c - a program of the host that works for one container.
 *
 * It is a child of the supervisor, so that it ends with the supervisor and its pid namespace. Of
 * the supervisor's descriptors it gets only those that are passed to it explicitly.
 */
#include "helper-process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signals.h"

static _Noreturn void execute(const struct helper_program *program, int errors, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, 0);
	dup2(null, 1);
	dup2(errors, 2);
	for (size_t i = 0; i < program->kept_count; i++)
		fcntl(program->kept[i], F_SETFD, 0);
	signals_reset();
	alarm(program->seconds);
	/* For helpers that no pid namespace ends with the parent. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
	    (program->prepare == NULL || program->prepare(program->context) == 0))
		execvp(program->argv[0], program->argv);
	dprintf(2, "%s\n", strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

int helper_start(struct helper_process *helper, const struct helper_program *program,
		 struct failure *failure)
{
	pid_t self = getpid();
	int ends[2];

	helper->pid = 0;
	helper->said = -1;
	/* Must not make the helper wait or die: this is read only after the helper's end. */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail(failure, "make pipe for", program->argv[0], errno);
	helper->pid = fork();
	if (helper->pid == 0)
		execute(program, ends[1], self);
	close(ends[1]);
	helper->said = ends[0];
	if (helper->pid > 0)
		return 0;
	helper->pid = 0;
	return fail(failure, "start", program->argv[0], errno);
}

void helper_last_words(const struct helper_process *helper, int status, char *text, size_t size)
{
	ssize_t got = WIFSIGNALED(status) ? 0 : read(helper->said, text, size - 1);

	text[got > 0 ? got : 0] = '\0';
	while (got > 0 && (unsigned char)text[got - 1] <= ' ')
		text[--got] = '\0';
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	if (text[0] == '\0')
		snprintf(text, size, "it ended with status %d",
			 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void helper_end(struct helper_process *helper)
{
	if (helper->pid > 0 && kill(helper->pid, SIGKILL) == 0)
		while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
			;
	helper->pid = 0;
	helper_close(helper);
}

void helper_close(struct helper_process *helper)
{
	if (helper->said >= 0)
		close(helper->said);
	helper->said = -1;
}
