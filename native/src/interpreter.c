/* Why an existing file can't be executed. execve(2) has one error number for many reasons, and
 * blames the file if the fault is in the interpreter that its first line or its header names. */
#include "interpreter.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 255, MAX_HEADERS = 64, NAME_BYTES = 128 };

/* The names of machines in image platforms. */
static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{EM_X86_64, "amd64"}, {EM_AARCH64, "arm64"}, {EM_ARM, "arm"}, {EM_386, "386"},
	{EM_RISCV, "riscv64"}, {EM_PPC64, "ppc64"}, {EM_S390, "s390x"},
};

static const char *machine_name(unsigned machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "another kind of machine";
}

/* Reads up to a blank or the end of the line, like the kernel: a carriage return is part of it. */
static bool of_script(const char *line, char *name, size_t size)
{
	const char *start = line + 2 + strspn(line + 2, " \t");
	size_t length = strcspn(start, " \t\n");

	if (length == 0 || length >= size)
		return false;
	memcpy(name, start, length);
	name[length] = '\0';
	return true;
}

static bool of_elf(int fd, char *name, size_t size)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	for (unsigned i = 0; i < header.e_phnum && i < MAX_HEADERS; i++) {
		off_t at = (off_t)(header.e_phoff + i * sizeof(segment));
		ssize_t got;

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return false;
		if (segment.p_type != PT_INTERP || segment.p_filesz >= size)
			continue;
		got = pread(fd, name, segment.p_filesz, (off_t)segment.p_offset);
		name[got < 0 ? 0 : got] = '\0';
		return got > 0;
	}
	return false;
}

static bool explain_missing(int fd, const char *line, char *reason, size_t size)
{
	char name[NAME_BYTES];
	bool found = memcmp(line, "#!", 2) == 0 ? of_script(line, name, sizeof(name))
						: of_elf(fd, name, sizeof(name));
	size_t length = found ? strlen(name) : 0;

	if (!found || access(name, F_OK) == 0)
		return false;
	if (length > 1 && name[length - 1] == '\r') {
		name[length - 1] = '\0';
		if (access(name, F_OK) == 0) {
			snprintf(reason, size, "%s", INTERPRETER_CARRIAGE_RETURN);
			return true;
		}
	}
	snprintf(reason, size, "its interpreter \"%s\" is missing", name);
	return true;
}

static bool explain_machine(const char *line, ssize_t length, char *reason, size_t size)
{
	Elf64_Ehdr header;
	const char *name;

	if (length < (ssize_t)sizeof(header))
		return false;
	memcpy(&header, line, sizeof(header));
	name = machine_name(header.e_machine);
	if (strcmp(name, INTERPRETER_OWN_MACHINE) == 0)
		return false;
	snprintf(reason, size, INTERPRETER_OTHER_MACHINE "%s, and this machine is %s", name,
		 INTERPRETER_OWN_MACHINE);
	return true;
}

static bool explain_format(const char *line, ssize_t length, char *reason, size_t size)
{
	if (length == 0)
		snprintf(reason, size, "exec format error: the file is empty");
	else if (length >= SELFMAG && memcmp(line, ELFMAG, SELFMAG) == 0)
		return explain_machine(line, length, reason, size);
	else if (line[0] != '#' || line[1] != '!')
		snprintf(reason, size, "%s", INTERPRETER_NO_FIRST_LINE);
	else
		return false;
	return true;
}

static bool explain_refusal(int fd, char *reason, size_t size)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	if (S_ISDIR(status.st_mode))
		snprintf(reason, size, "permission denied: it is a directory");
	else if (S_ISREG(status.st_mode) && (status.st_mode & 0111) == 0)
		snprintf(reason, size, "%s", INTERPRETER_NOT_EXECUTABLE);
	else
		return false;
	return true;
}

bool interpreter_explain(const char *path, int error, char *reason, size_t size)
{
	char line[LINE_MAX_BYTES + 1] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool known = false;

	if (fd < 0)
		return false;
	if (error == EACCES) {
		known = explain_refusal(fd, reason, size);
	} else {
		ssize_t got = pread(fd, line, LINE_MAX_BYTES, 0);

		if (error == ENOEXEC && got >= 0)
			known = explain_format(line, got, reason, size);
		else if ((error == ENOENT || error == ENOTDIR) && got > 2)
			known = explain_missing(fd, line, reason, size);
	}
	close(fd);
	return known;
}
