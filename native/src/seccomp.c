/* The applet `seccomp`: reads rules as text from standard input, and writes the BPF program to
 * standard output. docs/launch-plan.md, "Seccomp filters", describes the text. */
#include "applets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory-file.h"
#include "plan.h"
#include "seccomp.h"

#ifdef BERTH_NO_LIBSECCOMP

int seccomp_main(int argc, char **argv)
{
	struct failure failure;

	(void)argc;
	fail_because(&failure, "compile filter", argv[0],
		     "this berth-native was built without libseccomp", 0);
	failure_print(&failure, STDERR_FILENO);
	return EXIT_ENGINE;
}

#else

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

enum { WORDS_MAX = 2 + 6 * 4 + 1, ARGS_MAX = 6, FILTERS_MAX = 4 };

static const char stage[] = "compile filter";

static bool read_action(const char *word, uint32_t *action)
{
	static const struct {
		const char *word;
		uint32_t action;
	} plain[] = {
		{"allow", SCMP_ACT_ALLOW},		{"kill", SCMP_ACT_KILL_PROCESS},
		{"kill-thread", SCMP_ACT_KILL_THREAD},	{"trap", SCMP_ACT_TRAP},
		{"log", SCMP_ACT_LOG},			{"notify", SCMP_ACT_NOTIFY},
	};
	uint64_t number;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(word, plain[i].word) == 0) {
			*action = plain[i].action;
			return true;
		}
	}
	if (strncmp(word, "errno=", 6) == 0 && parse_number(word + 6, 4095, &number))
		*action = SCMP_ACT_ERRNO((uint32_t)number);
	else if (strncmp(word, "trace=", 6) == 0 && parse_number(word + 6, UINT16_MAX, &number))
		*action = SCMP_ACT_TRACE((uint32_t)number);
	else
		return false;
	return true;
}

static bool read_comparison(const char *word, enum scmp_compare *compare)
{
	static const struct {
		const char *word;
		enum scmp_compare compare;
	} table[] = {
		{"==", SCMP_CMP_EQ}, {"!=", SCMP_CMP_NE}, {"<", SCMP_CMP_LT}, {"<=", SCMP_CMP_LE},
		{">", SCMP_CMP_GT}, {">=", SCMP_CMP_GE}, {"&", SCMP_CMP_MASKED_EQ},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(word, table[i].word) == 0) {
			*compare = table[i].compare;
			return true;
		}
	}
	return false;
}

/* Reads `INDEX OP VALUE [VALUE2]…`. Return: how many conditions, -1 where they are none. */
static int read_conditions(char **words, struct scmp_arg_cmp conditions[ARGS_MAX])
{
	int count = 0;

	for (; *words != NULL; count++) {
		struct scmp_arg_cmp *condition = &conditions[count];
		uint64_t index, value, second = 0;

		if (count == ARGS_MAX || words[1] == NULL || words[2] == NULL ||
		    !parse_number(words[0], ARGS_MAX - 1, &index) ||
		    !read_comparison(words[1], &condition->op) ||
		    !parse_number(words[2], UINT64_MAX, &value))
			return -1;
		words += 3;
		if (condition->op == SCMP_CMP_MASKED_EQ) {
			if (*words == NULL || !parse_number(*words++, UINT64_MAX, &second))
				return -1;
		}
		condition->arg = (unsigned)index;
		condition->datum_a = value;
		condition->datum_b = second;
	}
	return count;
}

/* A rule that can't differ from the default changes nothing, and libseccomp refuses it. */
static int add_rule(scmp_filter_ctx filter, char **words, uint32_t normal)
{
	struct scmp_arg_cmp conditions[ARGS_MAX];
	uint32_t action;
	int number, count, result;

	if (words[0] == NULL || words[1] == NULL || !read_action(words[0], &action))
		return -EINVAL;
	count = read_conditions(words + 2, conditions);
	if (count < 0)
		return -EINVAL;
	number = seccomp_syscall_resolve_name(words[1]);
	if (number == __NR_SCMP_ERROR || action == normal)
		return 0;
	result = seccomp_rule_add_array(filter, action, number, (unsigned)count, conditions);
	/* An architecture that has no such system call, or can't see that argument. */
	return result == -EDOM || result == -EINVAL ? 0 : result;
}

/* The filters of one text: a call must pass each of them. */
struct filters {
	scmp_filter_ctx all[FILTERS_MAX];
	size_t count;
	uint32_t normal;
};

static int begin_filter(struct filters *filters, const char *action)
{
	scmp_filter_ctx filter;

	if (filters->count == FILTERS_MAX || action == NULL ||
	    !read_action(action, &filters->normal))
		return -EINVAL;
	filter = seccomp_init(filters->normal);
	if (filter == NULL)
		return -ENOMEM;
	filters->all[filters->count++] = filter;
	seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A tree of numbers instead of a chain, where this libseccomp can. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return 0;
}

static int add_line(struct filters *filters, char **words)
{
	scmp_filter_ctx filter;

	if (strcmp(words[0], "default") == 0)
		return begin_filter(filters, words[1]);
	if (filters->count == 0)
		return -EINVAL;
	filter = filters->all[filters->count - 1];
	if (strcmp(words[0], "arch") == 0 && words[1] != NULL) {
		uint32_t arch = seccomp_arch_resolve_name(words[1]);
		int result = arch == 0 ? -EINVAL : seccomp_arch_add(filter, arch);

		return result == -EEXIST ? 0 : result;
	}
	if (strcmp(words[0], "rule") == 0)
		return add_rule(filter, words + 1, filters->normal);
	return -EINVAL;
}

static int read_rules(FILE *rules, struct filters *filters, struct failure *failure)
{
	char *line = NULL;
	size_t room = 0;
	int result = 0;

	while (result == 0 && getline(&line, &room, rules) > 0) {
		char *words[WORDS_MAX + 1] = {NULL}, *save = NULL, copy[128];
		size_t count = 0;

		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
		for (char *word = strtok_r(line, " \n", &save); word != NULL && count < WORDS_MAX;
		     word = strtok_r(NULL, " \n", &save))
			words[count++] = word;
		if (count == 0 || words[0][0] == '#')
			continue;
		result = count == WORDS_MAX ? -EINVAL : add_line(filters, words);
		if (result < 0)
			fail(failure, stage, copy, -result);
	}
	free(line);
	if (result == 0 && filters->count == 0)
		result = fail_because(failure, stage, "", "no default action", 0);
	return result;
}

/* Appends a filter's program. Return: its count of instructions, or -errno. */
static int export_filter(scmp_filter_ctx filter, struct sock_filter *program, size_t room)
{
	int file = memory_file("filter");
	ssize_t size;
	int result;

	if (file < 0)
		return -errno;
	result = seccomp_export_bpf(filter, file);
	size = result < 0 ? result : pread(file, program, room * sizeof(*program), 0);
	if (size < 0)
		result = result < 0 ? result : -errno;
	else
		result = (int)((size_t)size / sizeof(*program));
	close(file);
	return result;
}

/* Where one filter allows, the next one has its say. */
static void continue_after(struct sock_filter *program, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++)
		if (program[i].code == (BPF_RET | BPF_K) && program[i].k == SECCOMP_RET_ALLOW)
			program[i] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
								  (uint32_t)(end - i - 1));
}

static int write_program(const struct filters *filters, int out)
{
	static struct sock_filter program[BPF_MAXINSNS];
	size_t length = 0;

	for (size_t i = 0; i < filters->count; i++) {
		size_t begin = length;
		int count = export_filter(filters->all[i], program + begin, BPF_MAXINSNS - begin);

		if (count < 0)
			return count;
		length += (size_t)count;
		if (length == BPF_MAXINSNS)
			return -E2BIG;
		if (i + 1 < filters->count)
			continue_after(program, begin, length);
	}
	return write_all(out, program, length * sizeof(*program)) ? 0 : -errno;
}

int seccomp_compile(FILE *rules, int out, struct failure *failure)
{
	struct filters filters = {0};
	int result = read_rules(rules, &filters, failure);

	if (result == 0) {
		result = write_program(&filters, out);
		if (result < 0)
			fail(failure, stage, "", -result);
	}
	for (size_t i = 0; i < filters.count; i++)
		seccomp_release(filters.all[i]);
	return result < 0 ? -1 : 0;
}

int seccomp_main(int argc, char **argv)
{
	struct failure failure = {0};

	(void)argc;
	(void)argv;
	if (seccomp_compile(stdin, STDOUT_FILENO, &failure) == 0)
		return 0;
	failure_print(&failure, STDERR_FILENO);
	return EXIT_ENGINE;
}

#endif
