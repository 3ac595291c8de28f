/* The filter's language: what is a line, what is refused, and that the program does as it says. */
#include "seccomp.h"

#include <errno.h>
#include <sys/mman.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unit.h"

#ifdef BERTH_NO_LIBSECCOMP
int main(void)
{
	printf("skipped: no libseccomp here\n");
	return unit_end("filters");
}
#else

static struct failure failure;
static struct sock_filter program[BPF_MAXINSNS];

/* Return: how many instructions; -1 where the text is refused. */
static long compile(const char *text)
{
	FILE *rules = fmemopen((void *)text, strlen(text), "r");
	int out = memfd_create("program", MFD_CLOEXEC);
	long length = -1;

	memset(&failure, 0, sizeof(failure));
	if (seccomp_compile(rules, out, &failure) == 0)
		length = (long)(pread(out, program, sizeof(program), 0) / (long)sizeof(*program));
	fclose(rules);
	close(out);
	return length;
}

static void refuses_what_is_no_filter(void)
{
	static const char *const refused[] = {
		"\n", "# nothing\n", "rule allow read\n", "default\n", "default nothing\n",
		"default errno=4096\n", "default errno=\n", "default errno=-1\n",
		"default allow\nrule\n", "default allow\nrule kill\n", "default allow\nwhat\n",
		"default allow\nrule kill read 0\n", "default allow\nrule kill read 0 ==\n",
		"default allow\nrule kill read 6 == 1\n", "default allow\nrule kill read 0 = 1\n",
		"default allow\nrule kill read 0 & 1\n", "default allow\nrule kill read 0 == x\n",
		"default allow\narch nothing\n", "default allow\narch\n",
		"default allow\nrule kill read 0 == 1 0 == 1 0 == 1 0 == 1 0 == 1 0 == 1 0 == 1\n",
		"default allow\ndefault allow\ndefault allow\ndefault allow\ndefault allow\n",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (!CHECK(compile(refused[i]) < 0 && failure.stage[0] != '\0'))
			fprintf(stderr, "  %s", refused[i]);
}

static void names_the_line_that_is_wrong(void)
{
	CHECK(compile("default allow\n# fine\nrule kill read 0 = 1\nrule x y\n") < 0);
	CHECK_TEXT("rule kill read 0 = 1", failure.object);
}

static void leaves_out_unknown_calls(void)
{
	long length = compile("default allow\n");

	CHECK(length > 0 && compile("default allow\nrule kill of_the_future\n") == length);
	CHECK(compile("default allow\nrule errno=5 getppid\n") > length);
}

/* Return: errno of the two calls as one number, in a child under the filter. */
static int tried(long length)
{
	struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
	int status;
	pid_t child = fork();

	if (child == 0) {
		int first, second;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
			_exit(255);
		first = syscall(SYS_getppid) < 0 ? errno : 0;
		second = syscall(SYS_getpriority, 0, 0) < 0 ? errno : 0;
		_exit(first * 16 + second);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void does_as_it_says(void)
{
	long length = compile("default allow\nrule errno=5 getppid\n"
			      "rule errno=7 getpriority 0 == 0\n");
	int status = length < 0 ? -1 : tried(length);

	if (status == 255) {
		printf("skipped: no filters can be loaded here\n");
		return;
	}
	CHECK(status == 5 * 16 + 7);
	length = compile("default allow\nrule errno=5 getpriority 0 == 1\n");
	CHECK(length > 0 && tried(length) == 0);
	/* A call must pass each of several filters; the first has its say first. */
	length = compile("default allow\nrule errno=5 getppid\n"
			 "default allow\nrule errno=6 getppid\nrule errno=3 getpriority\n");
	CHECK(length > 0 && tried(length) == 5 * 16 + 3);
}

int main(void)
{
	RUN(refuses_what_is_no_filter);
	RUN(names_the_line_that_is_wrong);
	RUN(leaves_out_unknown_calls);
	RUN(does_as_it_says);
	return unit_end("filters");
}
#endif
