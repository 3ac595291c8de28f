/* kept-run.h - runs that are kept: a container's files, and the facts that decided them. */
#ifndef BERTH_KEPT_RUN_H
#define BERTH_KEPT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "kept-files.h"

enum { KEPT_STRINGS_MAX = 2048, KEPT_FILES_MAX = 16, KEPT_WORDS_MAX = 100 };

struct string_list {
	char **strings;
	size_t count;
};

/**
 * struct kept_file - a file of the container's directory
 * @text:	its content, with holes: HOLE and a letter
 */
struct kept_file {
	const char *name, *text;
	size_t size;
	mode_t mode;
};

/* Every hole begins with this; packages/isolation/src/kept-run.ts has the letters. */
#define HOLE '\x01'

/**
 * struct kept_run - a run as packages/isolation/src/kept-run.ts describes it
 * @text:	the file, to which all others point
 * @name:	the container's; empty for one of @adjectives and one of @surnames
 * @command:	the caller's words after the image
 */
struct kept_run {
	char text[KEPT_MAX + 1];
	char *strings[KEPT_STRINGS_MAX];
	size_t string_count;
	struct string_list words, facts, adjectives, surnames, entrypoint, layers, options, command;
	const char *staging, *containers, *trash, *owner, *name, *image;
	struct kept_file files[KEPT_FILES_MAX];
	size_t file_count;
};

bool kept_run_find(struct kept_run *run, char **words);
bool kept_facts_hold(const struct string_list *facts);

#endif
