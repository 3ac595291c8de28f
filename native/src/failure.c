/* Fills and prints failure records, and knows the hints that help with some of them. */
#include "failure.h"
#include "interpreter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_text(char *out, size_t size, const char *text)
{
	size_t length = text == NULL ? 0 : strnlen(text, size - 1);

	if (length > 0)
		memcpy(out, text, length);
	out[length] = '\0';
}

int fail_because(struct failure *failure, const char *stage, const char *object,
		 const char *reason, int error)
{
	memset(failure, 0, sizeof(*failure));
	failure->error = error;
	failure->status = EXIT_ENGINE;
	set_text(failure->stage, sizeof(failure->stage), stage);
	set_text(failure->object, sizeof(failure->object), object);
	set_text(failure->reason, sizeof(failure->reason), reason);
	return -1;
}

int fail(struct failure *failure, const char *stage, const char *object, int error)
{
	return fail_because(failure, stage, object, NULL, error);
}

static const struct {
	const char *stage;	/* NULL: any */
	const char *hint;
	int error;		/* 0: any */
	const char *object;	/* its beginning; NULL: any */
	const char *reason;	/* its beginning; NULL: any */
} hints[] = {
	{.error = EMFILE, .hint = "raise it: ulimit -n 1024"},
	{.stage = "create user namespace", .error = EAGAIN,
	 .hint = "how many processes you may have: ulimit -u"},
	{.stage = "create user namespace", .hint = "run: berth doctor"},
	{.stage = "map ids", .hint = "run: berth doctor"},
	{.stage = "mount overlay", .error = EINVAL, .hint = "run: berth doctor"},
	{.stage = "join session keyring", .error = EDQUOT,
	 .hint = "raise it: sysctl kernel.keys.maxkeys"},
	{.stage = "publish port", .error = EACCES,
	 .hint = "choose a port from 1024 on, or as an administrator: sysctl -w "
		 "net.ipv4.ip_unprivileged_port_start=@PORT@"},
	{.stage = "publish port", .error = EADDRINUSE,
	 .hint = "see who uses it: ss -lntup; or choose another: -p HOSTPORT:PORT"},
	{.stage = "lock", .error = EWOULDBLOCK,
	 .hint = "kill -CONT one in state T: ps -eo pid,stat,args | grep berth-native"},
	{.stage = "execute", .error = ENOENT, .object = "-",
	 .hint = "flags go before the image or the container: berth run -it IMAGE"},
	{.stage = "execute", .error = ENOENT, .reason = INTERPRETER_CARRIAGE_RETURN,
	 .hint = "sed -i 's/\\r$//' FILE"},
	{.stage = "execute", .error = ENOEXEC, .reason = INTERPRETER_OTHER_MACHINE,
	 .hint = "an image for this machine: berth pull --platform linux/"
		 INTERPRETER_OWN_MACHINE " IMAGE"},
	{.stage = "execute", .error = ENOEXEC, .reason = INTERPRETER_NO_FIRST_LINE,
	 .hint = "a script begins with a line such as #!/bin/sh"},
	{.stage = "execute", .error = EACCES, .reason = INTERPRETER_NOT_EXECUTABLE,
	 .hint = "chmod +x FILE, or name the interpreter: sh FILE"},
};

static bool begins(const char *text, const char *beginning)
{
	return beginning == NULL || strncmp(text, beginning, strlen(beginning)) == 0;
}

/* How long a control character at the beginning of @text is: C0, DEL, in UTF-8 also C1 and what
 * turns the direction of writing. Return: 0 if there is none. */
static size_t control_length(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (byte[0] < 0x20 || byte[0] == 0x7f)
		return 1;
	if (byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0)
		return 2;
	if (byte[0] == 0xe2 && ((byte[1] == 0x80 && byte[2] >= 0xaa && byte[2] <= 0xae) ||
				(byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9)))
		return 3;
	return 0;
}

/* Copies @text with `?` for control characters: a plan's text must not control the terminal. */
static size_t append(char *out, size_t size, size_t at, const char *text)
{
	while (*text != '\0' && at + 1 < size) {
		size_t length = control_length(text);

		out[at++] = length > 0 ? '?' : *text;
		text += length > 0 ? length : 1;
	}
	return at;
}

/* `@PORT@` at its end stands for the port of an object like `[::1]:80/tcp`. */
static size_t append_hint(char *out, size_t size, size_t at, const char *hint, const char *object)
{
	static const char mark[] = "@PORT@";
	const char *place = strstr(hint, mark), *colon = strrchr(object, ':');

	if (place == NULL || colon == NULL)
		return append(out, size, at, hint);
	at += (size_t)snprintf(out + at, size - at, "%.*s%d", (int)(place - hint), hint,
			       atoi(colon + 1));
	return at < size ? at : size - 1;
}

void failure_print(const struct failure *failure, int fd)
{
	char line[1024];
	const char *reason = failure->reason[0] != '\0' ? failure->reason
							: strerrordesc_np(failure->error);
	char first;
	size_t at = append(line, sizeof(line), 0, "Error: ");

	at = append(line, sizeof(line), at, failure->stage);
	if (failure->object[0] != '\0') {
		at = append(line, sizeof(line), at, " \"");
		at = append(line, sizeof(line), at, failure->object);
		at = append(line, sizeof(line), at, "\"");
	}
	at = append(line, sizeof(line), at, ": ");
	if (reason == NULL)
		reason = "unknown error";
	first = reason[0];
	/* The C library's messages begin with a capital; keep it in names like RFS. */
	if (first >= 'A' && first <= 'Z' && reason[1] >= 'a')
		line[at++] = (char)(first - 'A' + 'a'), reason++;
	at = append(line, sizeof(line), at, reason);
	line[at++] = '\n';
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if ((hints[i].stage != NULL && strcmp(failure->stage, hints[i].stage) != 0) ||
		    (hints[i].error != 0 && hints[i].error != failure->error) ||
		    !begins(failure->object, hints[i].object) ||
		    !begins(failure->reason, hints[i].reason))
			continue;
		at = append(line, sizeof(line), at, "hint: ");
		at = append_hint(line, sizeof(line) - 1, at, hints[i].hint, failure->object);
		line[at++] = '\n';
	}
	if (write(fd, line, at) < 0)
		return;	/* nobody is left to tell */
}
