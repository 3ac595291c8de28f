/*
 * holes.c - fills the texts of a kept run with the values that a new container has of its own.
 *
 * The results are the same as those of packages/storage/src/summary.ts, JSON.stringify() and the
 * writer of plans: kept-run.c makes sure that the words of a command are printable.
 */
#include <stdio.h>
#include <string.h>

#include "new-container.h"

/* The same limits as in packages/storage/src/summary.ts. */
enum { HEAD_MAX = 128, COMMAND_MAX = 32 };
#define CUT "\xe2\x80\xa6"

/* Text that does not fit is left out; fill_holes() refuses the whole then. */
static void put(struct filled *out, const char *bytes, size_t size)
{
	if (out->room - out->size < size) {
		out->overflows = true;
		return;
	}
	memcpy(out->text + out->size, bytes, size);
	out->size += size;
}

static void put_string(struct filled *out, const char *string)
{
	put(out, string, strlen(string));
}

static void put_json(struct filled *out, const char *word)
{
	static const char special[] = "\"\\\n\t\r", letters[] = "\"\\ntr";

	put_string(out, "\"");
	for (; *word != '\0'; word++) {
		const char *found = strchr(special, *word);

		if (found != NULL)
			put_string(out, "\\");
		put(out, found != NULL ? &letters[found - special] : word, 1);
	}
	put_string(out, "\"");
}

static void put_json_list(struct filled *out, const struct string_list *words)
{
	for (size_t i = 0; i < words->count; i++) {
		if (i > 0)
			put_string(out, ",");
		put_json(out, words->strings[i]);
	}
}

static void put_hex(struct filled *out, const char *text, size_t length)
{
	char digits[3];

	for (size_t i = 0; i < length; i++) {
		snprintf(digits, sizeof(digits), "%02x", (unsigned char)text[i]);
		put_string(out, digits);
	}
}

/* Each string with its terminating NUL. */
static void put_strings(struct filled *out, const struct string_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		put(out, list->strings[i], strlen(list->strings[i]) + 1);
}

static void put_args(struct filled *out, const struct kept_run *run)
{
	char head[32];
	int length = snprintf(head, sizeof(head), "args %zu",
			      run->entrypoint.count + run->command.count);

	put(out, head, (size_t)length + 1);
	put_strings(out, &run->entrypoint);
	put_strings(out, &run->command);
}

/* Makes it one line of at most @max bytes; a mark shows where it was cut. Return: its length. */
static size_t cut_line(char *line, size_t length, size_t max)
{
	for (size_t i = 0; i < length && i < max; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == '\x7f')
			line[i] = '?';
	if (length <= max)
		return length;
	memcpy(line + max - strlen(CUT), CUT, strlen(CUT));
	return max;
}

/* Joins words with spaces, as far as there is room. Return: the full length of all. */
static size_t join_words(char *line, size_t room, size_t length, const struct string_list *list)
{
	for (size_t i = 0; i < list->count && length < room; i++)
		length += (size_t)snprintf(line + length, room - length, "%s%s",
					   length > 0 || i > 0 ? " " : "", list->strings[i]);
	return length;
}

static void put_summary(struct filled *out, const struct new_container *container)
{
	const struct kept_run *run = container->run;
	char command[HEAD_MAX], image[HEAD_MAX];
	size_t length = join_words(command, sizeof(command), 0, &run->entrypoint), used;

	length = join_words(command, sizeof(command), length, &run->command);
	length = cut_line(command, length, COMMAND_MAX);
	used = strlen("created \nimage \ncommand \n") + strlen(container->created) + length;
	snprintf(image, sizeof(image), "%s", run->image);
	put_string(out, "created ");
	put_string(out, container->created);
	put_string(out, "\nimage ");
	put(out, image, cut_line(image, strlen(run->image), HEAD_MAX - used));
	put_string(out, "\ncommand ");
	put(out, command, length);
	put_string(out, "\n");
}

static bool fill_hole(struct filled *out, char letter, const struct new_container *container)
{
	switch (letter) {
	case 'I':
		put_string(out, container->id);
		return true;
	case 'S':
		put(out, container->id, SHORT_ID_LENGTH);
		return true;
	case 'X':
		put_hex(out, container->id, SHORT_ID_LENGTH);
		return true;
	case 'N':
		put_string(out, container->name);
		return true;
	case 'T':
		put_string(out, container->created);
		return true;
	case 'O':
		put_string(out, container->owner);
		return true;
	case 'C':
		put_json_list(out, &container->run->command);
		return true;
	case 'A':
		put_args(out, container->run);
		return true;
	case 'H':
		put_summary(out, container);
		return true;
	default:
		return false;
	}
}

/**
 * fill_holes() - Append @text to @out, with the container's values in its holes Return: false for
 * an unknown hole, or if there is no room for all.
 */
bool fill_holes(struct filled *out, const char *text, size_t size,
		const struct new_container *container)
{
	const char *end = text + size;

	for (;;) {
		const char *hole = memchr(text, HOLE, (size_t)(end - text));

		put(out, text, (size_t)((hole == NULL ? end : hole) - text));
		if (hole == NULL)
			return !out->overflows;
		if (hole + 1 == end || !fill_hole(out, hole[1], container))
			return false;
		text = hole + 2;
	}
}
