/*
 * kept-run.c - finds what an earlier run with the same flags and image has kept, and reads it.
 *
 * docs/launch-plan.md describes the file. A file is not used if another user could have written it,
 * or if it is incomplete.
 */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "kept-run.h"
#include "plan.h"

/* A file, and how far it has been read. */
struct reader {
	struct kept_run *run;
	char *at, *end;
	bool failed;
};

static char *read_string(struct reader *reader)
{
	char *string = reader->failed ? NULL : next_string(&reader->at, reader->end);

	reader->failed = string == NULL;
	return string;
}

static size_t read_count(struct reader *reader, uint64_t max)
{
	const char *text = read_string(reader);
	uint64_t number = 0;

	if (text == NULL || !parse_number(text, max, &number))
		reader->failed = true;
	return (size_t)number;
}

/* Reads a number, and then as many strings. */
static void read_list(struct reader *reader, struct string_list *list)
{
	struct kept_run *run = reader->run;

	list->count = read_count(reader, KEPT_STRINGS_MAX - run->string_count);
	list->strings = run->strings + run->string_count;
	for (size_t i = 0; i < list->count && !reader->failed; i++)
		run->strings[run->string_count++] = read_string(reader);
}

static void read_file(struct reader *reader, struct kept_file *file)
{
	const char *mode;

	file->name = read_string(reader);
	mode = read_string(reader);
	file->size = read_count(reader, KEPT_MAX);
	if (reader->failed || strchr(file->name, '/') != NULL ||
	    (size_t)(reader->end - reader->at) <= file->size || reader->at[file->size] != '\0') {
		reader->failed = true;
		return;
	}
	file->mode = strcmp(mode, "644") == 0 ? 0644 : 0600;
	file->text = reader->at;
	reader->at += file->size + 1;
}

static bool read_run(struct kept_run *run, size_t size)
{
	struct reader reader = { .run = run, .at = run->text, .end = run->text + size };
	const char *head = read_string(&reader);

	if (head == NULL || strcmp(head, "berth-run 1") != 0)
		return false;
	read_list(&reader, &run->words);
	read_list(&reader, &run->facts);
	run->staging = read_string(&reader);
	run->containers = read_string(&reader);
	run->trash = read_string(&reader);
	run->owner = read_string(&reader);
	run->name = read_string(&reader);
	read_list(&reader, &run->adjectives);
	read_list(&reader, &run->surnames);
	run->image = read_string(&reader);
	read_list(&reader, &run->entrypoint);
	read_list(&reader, &run->layers);
	read_list(&reader, &run->options);
	run->file_count = read_count(&reader, KEPT_FILES_MAX);
	for (size_t i = 0; i < run->file_count && !reader.failed; i++)
		read_file(&reader, &run->files[i]);
	return !reader.failed && reader.at == reader.end;
}

/* True for words that are used unchanged, except for the holes that holes.c fills. */
static bool is_plain(const char *word)
{
	for (; *word != '\0'; word++)
		if (((unsigned char)*word < ' ' && strchr("\t\n\r", *word) == NULL) ||
		    (unsigned char)*word > '~')
			return false;
	return true;
}

static bool take_command(struct kept_run *run, char **words)
{
	size_t bytes = 0;

	run->command.strings = words;
	for (; words[run->command.count] != NULL; run->command.count++) {
		bytes += strlen(words[run->command.count]);
		if (!is_plain(words[run->command.count]) || bytes > KEPT_MAX)
			return false;
	}
	return true;
}

/* Compares the words in the file with these: other words may have the same hash. */
static bool is_for(const struct kept_run *run, char **words, size_t count)
{
	if (run->words.count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(run->words.strings[i], words[i]) != 0)
			return false;
	return true;
}

/* FNV-1a over the word and its NUL. */
static uint32_t add_word(uint32_t hash, const char *word)
{
	for (size_t i = 0; i <= strlen(word); i++)
		hash = (hash ^ (unsigned char)word[i]) * 0x01000193U;
	return hash;
}

/**
 * kept_run_find() - What was kept for `run WORD...`
 *
 * Where the command begins is known by what is kept: a run for the words before it. Return: false
 * where there is none that may be used.
 */
bool kept_run_find(struct kept_run *run, char **words)
{
	char folder[PATH_MAX], path[PATH_MAX];
	uint32_t hash = 0x811c9dc5U;

	if (!find_run_directory(folder))
		return false;
	for (size_t i = 0; words[i] != NULL && i < KEPT_WORDS_MAX; i++) {
		ssize_t size;
		int fd;

		hash = add_word(hash, words[i]);
		if (!path_of(path, "%s/kept-runs/%08x.%zu.%d", folder, hash, i + 1,
			     words[i + 1] != NULL))
			return false;
		fd = kept_open(path);
		if (fd < 0)
			continue;
		size = read(fd, run->text, sizeof(run->text));
		close(fd);
		return size > 0 && size <= KEPT_MAX && read_run(run, (size_t)size) &&
		       is_for(run, words, i + 1) && take_command(run, words + i + 1);
	}
	return false;
}
