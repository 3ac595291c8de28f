/* Which program a file needs to be run: that of its first line, or the loader of an ELF file. A
 * missing one is all that execve(2) says, and it says so of the file. */
#include "interpreter.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 255, MAX_HEADERS = 64 };

static bool of_script(const char *line, char *name, size_t size)
{
	const char *start = line + 2 + strspn(line + 2, " \t");
	size_t length = strcspn(start, " \t\r\n");

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

bool interpreter_missing(const char *path, char *name, size_t size)
{
	char line[LINE_MAX_BYTES + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t got = fd < 0 ? -1 : pread(fd, line, LINE_MAX_BYTES, 0);
	bool found = false;

	if (got > 2) {
		line[got] = '\0';
		found = memcmp(line, "#!", 2) == 0 ? of_script(line, name, size)
						   : of_elf(fd, name, size);
	}
	if (fd >= 0)
		close(fd);
	return found && access(name, F_OK) < 0;
}
