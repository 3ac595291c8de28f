/* Fills and prints failure records, and knows the hints that help with some of them. */
#include "failure.h"

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
	const char *stage;
	int error;	/* 0: any */
	const char *hint;
	char first;	/* of the object; 0: any */
} hints[] = {
	{"create user namespace", 0,
	 "run: sysctl kernel.unprivileged_userns_clone user.max_user_namespaces", 0},
	{"map ids", 0, "run: grep \"$USER\" /etc/subuid /etc/subgid", 0},
	{"mount overlay", EINVAL, "run: berth doctor", 0},
	{"join session keyring", EDQUOT, "raise it: sysctl kernel.keys.maxkeys", 0},
	{"publish port", EACCES,
	 "choose one from 1024 on, or an administrator allows it: sysctl -w "
	 "net.ipv4.ip_unprivileged_port_start=@PORT@", 0},
	{"publish port", EADDRINUSE, "who has it: ss -lntup; another one: -p HOSTPORT:PORT", 0},
	{"execute", ENOENT, "flags go before the image or the container: berth run -it IMAGE", '-'},
};

/* Copies @text with control characters as `?`: a terminal must not obey what a plan holds. */
static size_t append(char *out, size_t size, size_t at, const char *text)
{
	for (; *text != '\0' && at + 1 < size; text++)
		out[at++] = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
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
	/* The C library's words begin with a capital, unless they are names like RFS. */
	if (first >= 'A' && first <= 'Z' && reason[1] >= 'a')
		line[at++] = (char)(first - 'A' + 'a'), reason++;
	at = append(line, sizeof(line), at, reason);
	line[at++] = '\n';
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (strcmp(failure->stage, hints[i].stage) != 0 ||
		    (hints[i].error != 0 && hints[i].error != failure->error) ||
		    (hints[i].first != 0 && hints[i].first != failure->object[0]))
			continue;
		at = append(line, sizeof(line), at, "hint: ");
		at = append_hint(line, sizeof(line) - 1, at, hints[i].hint, failure->object);
		line[at++] = '\n';
	}
	if (write(fd, line, at) < 0)
		return;	/* nobody is left to tell */
}
