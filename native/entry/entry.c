/*
 * entry.c - the first code of dist/berth: hands `exec` and `run` to berth-native before the runtime
 * starts.
 *
 * The build puts it into the executable as one more segment, whose beginning becomes the entry
 * point (tools/build/entry-point.ts). It has no libc and no relocations, writes to its stack alone,
 * and where anything is not as it expects it does nothing: then the runtime starts as ever.
 * `berth-native exec-again` and `run-again` do what an earlier command has left a plan for, and
 * start `berth -- exec` or `run`, which this does not know, where there is none.
 * It also finds the runtime a folder to start in where the current one was deleted, and takes away
 * the variables that would make it something else than berth.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "../src/raw-call.h"

void before_runtime(long *stack);

/* See packages/cli/src/current-folder.ts. */
#define NOWHERE "/proc/tty/ldisc"

enum { ARGUMENTS_MAX = 1024, PATH_SIZE = 4096, OTHERS_WRITE = 2, GROUP_WRITE = 020,
       LOW_LIMIT = 4096 };

/* The build fills in the number before the first instruction: its distance to the original entry
 * point. The registers are as the kernel or the dynamic linker set them. */
#if defined(__x86_64__)
__asm__(".section .first, \"ax\"\n"
	"	.quad 0\n"
	"first:	push %rdx\n"
	"	lea 8(%rsp), %rdi\n"
	"	mov %rsp, %rbp\n"
	"	and $-16, %rsp\n"
	"	call before_runtime\n"
	"	mov %rbp, %rsp\n"
	"	pop %rdx\n"
	"	xor %ebp, %ebp\n"
	"	lea first(%rip), %rax\n"
	"	add first - 8(%rip), %rax\n"
	"	jmp *%rax\n"
	".text\n");
#elif defined(__aarch64__)
__asm__(".section .first, \"ax\"\n"
	"	.quad 0\n"
	"first:	mov x19, x0\n"
	"	mov x0, sp\n"
	"	bl before_runtime\n"
	"	mov x0, x19\n"
	"	adr x1, first\n"
	"	ldr x2, first - 8\n"
	"	add x1, x1, x2\n"
	"	mov x29, xzr\n"
	"	mov x30, xzr\n"
	"	br x1\n"
	".text\n");
#endif

static bool is_word(const char *text, const char *word)
{
	while (*word != '\0' && *text == *word)
		text++, word++;
	return *text == *word;
}

/* Finds the path of this executable, without links. Return: its length, 0 if it can't be found. */
static long own_path(char path[PATH_SIZE])
{
	long length = raw_call(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path,
			   PATH_SIZE, 0);

	if (length <= 0 || length >= PATH_SIZE || path[0] != '/')
		return 0;
	path[length] = '\0';
	return length;
}

/* True if only root and the caller can have written this file. */
static bool is_own(const char *path, unsigned int writable, unsigned int uid)
{
	struct statx status;

	return raw_call(SYS_statx, AT_FDCWD, (long)path, 0, STATX_BASIC_STATS,
			(long)&status) == 0 &&
	       (status.stx_uid == 0 || status.stx_uid == uid) && (status.stx_mode & writable) == 0;
}

/* Finds berth-native beside this executable. False if another user could have put it there. */
static bool find_helper(const char *own, long length, char helper[PATH_SIZE], unsigned int uid)
{
	static const char name[] = "berth-native";
	long folder = length;

	while (own[folder - 1] != '/')
		folder--;
	if (folder + (long)sizeof(name) > PATH_SIZE)
		return false;
	for (long i = 0; i < folder; i++)
		helper[i] = own[i];
	helper[folder] = '\0';
	if (!is_own(helper, OTHERS_WRITE, uid))
		return false;
	for (unsigned long i = 0; i < sizeof(name); i++)
		helper[folder + (long)i] = name[i];
	return is_own(helper, OTHERS_WRITE | GROUP_WRITE, uid);
}

/* Returns where this process has to go on as ever. Root's is another's affair. */
static void do_again(const char *applet, int argc, char **argv, unsigned int uid)
{
	char own[PATH_SIZE], helper[PATH_SIZE];
	char *words[ARGUMENTS_MAX + 2];
	long length = own_path(own);
	int count = 0;

	if (length == 0 || !find_helper(own, length, helper, uid))
		return;
	words[count++] = (char *)"berth-native";
	words[count++] = (char *)applet;
	words[count++] = own;
	for (int i = 2; i <= argc; i++)
		words[count++] = argv[i];
	raw_call(SYS_execve, (long)helper, (long)words, (long)(argv + argc + 1), 0, 0);
}

static bool begins(const char *text, const char *beginning)
{
	while (*beginning != '\0' && *text == *beginning)
		text++, beginning++;
	return *beginning == '\0';
}

/* Bun obeys these before it reads any script. With BUN_BE_BUN it is no longer berth at all, and
 * runs what the package.json of the current folder says. */
static bool steers_runtime(const char *variable)
{
	return begins(variable, "BUN_BE_BUN=") || begins(variable, "BUN_OPTIONS=") ||
	       begins(variable, "BUN_INSPECT") ||
	       /* The one that berth sets itself: packages/isolation/src/enter.ts. */
	       (begins(variable, "BUN_JSC_") && !is_word(variable, "BUN_JSC_useFTLJIT=0"));
}

/* The dynamic linker has found the auxiliary vector behind the environment before; it stays. */
static void clean_environment(char **environment)
{
	char **to = environment;

	for (char **from = environment; *from != NULL; from++)
		if (!steers_runtime(*from))
			*to++ = *from;
	*to = NULL;
}

static void hand_over(int argc, char **argv)
{
	const char *applet;
	long uid;

	if (argc < 3 || argc > ARGUMENTS_MAX)
		return;
	if (is_word(argv[1], "exec"))
		applet = "exec-again";
	else if (is_word(argv[1], "run"))
		applet = "run-again";
	else
		return;
	uid = raw_call(SYS_getuid, 0, 0, 0, 0, 0);
	if (uid > 0)
		do_again(applet, argc, argv, (unsigned int)uid);
}

/* The runtime can't start in a deleted folder. It starts in NOWHERE instead, where no file exists
 * and nobody can create one. */
static void leave_deleted_folder(void)
{
	char path[PATH_SIZE];

	if (raw_call(SYS_getcwd, (long)path, PATH_SIZE, 0, 0, 0) == -ENOENT)
		raw_call(SYS_chdir, (long)NOWHERE, 0, 0, 0, 0);
}

/* Without a single thread more the runtime aborts, and asks to report that as a bug of its own. */
static void require_room_for_threads(void)
{
	static const char text[] =
		"Error: start berth: you may have no more processes and threads\n"
		"hint: to see them and the limit: ps -L -u $(id -u); ulimit -u\n";
	struct rlimit64 limit = {.rlim_cur = RLIM64_INFINITY};
	long pid;

	/* Nobody comes near a high limit, and so needs no process for a trial. */
	raw_call(SYS_prlimit64, 0, RLIMIT_NPROC, 0, (long)&limit, 0);
	if (limit.rlim_cur > LOW_LIMIT)
		return;
	pid = raw_call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		raw_call(SYS_exit, 0, 0, 0, 0, 0);
	if (pid > 0)
		raw_call(SYS_wait4, pid, 0, 0, 0, 0);
	if (pid != -EAGAIN)
		return;
	raw_call(SYS_write, 2, (long)text, sizeof(text) - 1, 0, 0);
	raw_call(SYS_exit_group, 125, 0, 0, 0, 0);
}

/**
 * before_runtime() - What happens before the runtime's own start
 * @stack: as the kernel gives it: the number of arguments, these, NULL, the environment, NULL
 */
__attribute__((used)) void before_runtime(long *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);

	clean_environment(argv + argc + 1);
	hand_over(argc, argv);
	leave_deleted_folder();
	require_room_for_threads();
}
