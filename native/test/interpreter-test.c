/* Why a file that is there can't be executed, by what it holds and what it is. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter.h"
#include "unit.h"

static char reason[192];

/* What is said of a file with this content, where executing it failed so; "" is nothing. */
static const char *said(const char *content, size_t length, int error, mode_t mode)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/file", unit_scratch());
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, content, length) == (ssize_t)length && fchmod(fd, mode) == 0);
	close(fd);
	if (!interpreter_explain(path, error, reason, sizeof(reason)))
		return "";
	return reason;
}

static const char *missing(const char *content)
{
	return said(content, strlen(content), ENOENT, 0700);
}

static const char *format(const char *content)
{
	return said(content, strlen(content), ENOEXEC, 0700);
}

static void names_what_scripts_ask_for(void)
{
	CHECK_TEXT("its interpreter \"/no/bash\" is missing", missing("#!/no/bash\necho"));
	CHECK_TEXT("its interpreter \"/no/env\" is missing", missing("#! \t/no/env -S x\n"));
	CHECK_TEXT("its interpreter \"/no/bash\" is missing", missing("#!/no/bash\r\necho\r\n"));
	CHECK_TEXT("its interpreter \"/no/end\" is missing", missing("#!/no/end"));
}

static void knows_line_ends_of_windows(void)
{
	CHECK_TEXT(INTERPRETER_CARRIAGE_RETURN, missing("#!/bin/sh\r\necho\r\n"));
	CHECK_TEXT("", missing("#!/bin/sh -e\r\necho\r\n"));
}

static void knows_what_is_no_program(void)
{
	Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64}};

	CHECK_TEXT("exec format error: the file is empty", format(""));
	CHECK_TEXT(INTERPRETER_NO_FIRST_LINE, format("echo"));
	CHECK_TEXT(INTERPRETER_NO_FIRST_LINE, format("x"));
	CHECK_TEXT("", format("#!"));
	CHECK_TEXT("", format("\177ELF"));
	header.e_machine = EM_S390;
	said((const char *)&header, sizeof(header), ENOEXEC, 0700);
	CHECK(strstr(reason, "error: a program for s390x, and this machine is ") != NULL);
	header.e_machine = 9999;
	said((const char *)&header, sizeof(header), ENOEXEC, 0700);
	CHECK(strstr(reason, "for another kind of machine, and") != NULL);
}

static void knows_what_may_not_be_executed(void)
{
	CHECK_TEXT(INTERPRETER_NOT_EXECUTABLE, said("#!/bin/sh\n", 10, EACCES, 0600));
	CHECK_TEXT("", said("#!/bin/sh\n", 10, EACCES, 0700));
	CHECK(interpreter_explain("/", EACCES, reason, sizeof(reason)));
	CHECK_TEXT("permission denied: it is a directory", reason);
}

static void is_silent_on_the_rest(void)
{
	char line[400];

	CHECK_TEXT("", missing("#!/\n"));
	CHECK_TEXT("", missing("#!\n"));
	CHECK_TEXT("", missing("#!"));
	CHECK_TEXT("", missing(""));
	CHECK_TEXT("", missing("text"));
	CHECK_TEXT("", missing("\177ELF\2"));
	CHECK_TEXT("", missing("\177ELF"));
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/", 3);
	line[sizeof(line) - 1] = '\0';
	CHECK_TEXT("", missing(line));
	CHECK(!interpreter_explain("/no/file", ENOENT, reason, sizeof(reason)));
	CHECK(!interpreter_explain("/", ENOENT, reason, sizeof(reason)));
	CHECK(!interpreter_explain("/proc/self/exe", ENOENT, reason, sizeof(reason)));
	CHECK(!interpreter_explain("/proc/self/exe", ENOEXEC, reason, sizeof(reason)));
	CHECK(!interpreter_explain("/proc/self/exe", E2BIG, reason, sizeof(reason)));
}

int main(void)
{
	RUN(names_what_scripts_ask_for);
	RUN(knows_line_ends_of_windows);
	RUN(knows_what_is_no_program);
	RUN(knows_what_may_not_be_executed);
	RUN(is_silent_on_the_rest);
	return unit_end("interpreters");
}
