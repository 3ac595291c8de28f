/*
 * log.c - the log of a container, in Podman's k8s-file or Docker's json-file format.
 *
 * A record is made from each piece of a line as it is read: a piece without its newline is marked
 * partial (P) in k8s-file and has no "\n" in json-file, and readers join it with what follows. So
 * nothing waits for the end of a line, and a killed supervisor loses no output it had read.
 * Records are gathered in one buffer, written once per chunk. A file never ends inside a record:
 * rotation happens between two, by renaming, so that a reader of the old file can finish it.
 *
 * A log that can't be written (full disk) drops records and goes on: a container must not hang on
 * its own log.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "named-file.h"
#include "plan.h"

/* Room for the largest record: every byte of a piece as \u00XX, and the text around it. */
#define RECORD_MAX (LOG_PIECE_MAX * 6 + 256)

static char buffer[LOG_BUFFER_SIZE + RECORD_MAX] __attribute__((aligned(4096)));

static const char *const stream_names[2] = { "stdout", "stderr" };

static int open_file(struct log *log)
{
	struct stat status;

	log->fd = open_named(log->path, O_APPEND | O_NOFOLLOW, 0600);
	if (log->fd < 0)
		return -1;
	log->written = fstat(log->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
	return 0;
}

/**
 * log_open() - Open the log that a plan's `log` record names. Return: 0, or -1 with errno.
 */
int log_open(struct log *log, const char *format, const char *path, const char *max_size,
	     const char *max_files)
{
	uint64_t size, files;

	memset(log, 0, sizeof(*log));
	log->fd = -1;
	if (strcmp(format, "none") == 0 || strcmp(format, "passthrough") == 0)
		return 0;
	if (strcmp(format, "k8s-file") == 0)
		log->format = LOG_K8S_FILE;
	else if (strcmp(format, "json-file") == 0)
		log->format = LOG_JSON_FILE;
	if (log->format == LOG_NONE || path[0] != '/' ||
	    !parse_number(max_size, INT64_MAX, &size) ||
	    !parse_number(max_files, 1000, &files)) {
		errno = EINVAL;
		return -1;
	}
	log->path = path;
	log->max_size = size;
	log->max_files = files > 0 ? (unsigned int)files : 1;
	return open_file(log);
}

/* A partly written record must not spoil the next one: cut it off. */
static void keep_whole_records(struct log *log, size_t done)
{
	const char *end = memrchr(buffer, '\n', done);
	size_t whole = end == NULL ? 0 : (size_t)(end - buffer) + 1;

	log->written += whole;
	if (whole < done && ftruncate(log->fd, (off_t)log->written) < 0)
		log->error = errno;
}

static void flush(struct log *log)
{
	size_t done = 0;

	while (done < log->used && log->fd >= 0) {
		ssize_t wrote = write(log->fd, buffer + done, log->used - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			log->error = errno;
			keep_whole_records(log, done);
			break;
		}
		done += (size_t)wrote;
	}
	if (done == log->used)
		log->written += done;
	log->used = 0;
}

/* log.1 is the newest of the old files; the oldest one above the limit is removed. */
static void rotate(struct log *log)
{
	char from[PATH_MAX], to[PATH_MAX];
	int fd = log->fd;

	for (unsigned int i = log->max_files - 1; i > 0; i--) {
		if (i == 1)
			snprintf(from, sizeof(from), "%s", log->path);
		else
			snprintf(from, sizeof(from), "%s.%u", log->path, i - 1);
		snprintf(to, sizeof(to), "%s.%u", log->path, i);
		rename(from, to);
	}
	if (log->max_files == 1)
		unlink(log->path);
	if (open_file(log) < 0) {
		log->error = errno;
		log->fd = fd;
		return;
	}
	close(fd);
}

static void append_escaped(struct log *log, const char *text, size_t length);

static void end_record(struct log *log, size_t start)
{
	size_t length = log->used - start;

	/* A record that does not fit starts the next file. */
	if (log->max_size > 0 && log->written + start > 0 &&
	    log->written + log->used > log->max_size) {
		char *record = buffer + start;

		log->used = start;
		flush(log);
		rotate(log);
		memmove(buffer, record, length);
		log->used = length;
	}
	if (log->used >= LOG_BUFFER_SIZE)
		flush(log);
}

static void append(struct log *log, const char *text, size_t length)
{
	memcpy(buffer + log->used, text, length);
	log->used += length;
}

static void append_string(struct log *log, const char *text)
{
	append(log, text, strlen(text));
}

/* The whole room of the stamp is copied, because a fixed size takes only four moves. */
static void k8s_record(struct log *log, unsigned int stream, const char *line, size_t length)
{
	size_t start = log->used, stamp_length = log->stamp_length[stream];
	char *record = buffer + start;

	memcpy(record, log->stamp[stream], sizeof(log->stamp[0]));
	memcpy(record + stamp_length, line, length);
	log->used += stamp_length + length;
	if (line[length - 1] != '\n') {
		record[stamp_length - 2] = 'P';
		buffer[log->used++] = '\n';
	}
	end_record(log, start);
}

static void json_record(struct log *log, unsigned int stream, const char *line, size_t length)
{
	size_t start = log->used;

	append_string(log, "{\"log\":\"");
	append_escaped(log, line, length);
	append_string(log, "\",\"stream\":\"");
	append_string(log, stream_names[stream]);
	append(log, log->stamp[stream], log->stamp_length[stream]);
	end_record(log, start);
}

/* Length of the UTF-8 sequence at @text; 0 where it is not valid, -1 where it is cut off. */
static int sequence(const unsigned char *text, size_t length)
{
	unsigned int first = text[0], size, least, most;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	for (unsigned int i = 1; i < size; i++, least = 0x80, most = 0xbf) {
		if (i >= length)
			return -1;
		if (text[i] < least || text[i] > most)
			return 0;
	}
	return (int)size;
}

/* Escapes strings as Docker does, also what HTML or JavaScript would misread. */
static void append_escaped(struct log *log, const char *text, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t i = 0; i < length;) {
		unsigned char c = bytes[i];
		int size = sequence(bytes + i, length - i);

		if (size <= 0) {
			append_string(log, "\\ufffd");
			i++;
		} else if (c == '\n' || c == '\r') {
			append_string(log, c == '\n' ? "\\n" : "\\r");
			i++;
		} else if (c == '"' || c == '\\') {
			append(log, c == '"' ? "\\\"" : "\\\\", 2);
			i++;
		} else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
			append(log, "\\u00", 4);
			append(log, digits + (c >> 4), 1);
			append(log, digits + (c & 15), 1);
			i++;
		} else if (size == 3 && c == 0xe2 && bytes[i + 1] == 0x80 &&
			   (bytes[i + 2] & 0xfe) == 0xa8) {
			append_string(log, bytes[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
			i += 3;
		} else {
			append(log, text + i, (size_t)size);
			i += (size_t)size;
		}
	}
}

/* `2026-01-02T03:04:05.000000006+01:00 stdout F `: local time, as conmon writes it. */
static void k8s_stamp(struct log *log, const struct timespec *now, const struct tm *local)
{
	long offset = local->tm_gmtoff / 60;
	char sign = offset < 0 ? '-' : '+';
	size_t length;

	offset = offset < 0 ? -offset : offset;
	for (unsigned int stream = 0; stream < 2; stream++) {
		char *stamp = log->stamp[stream];

		length = strftime(stamp, sizeof(log->stamp[0]), "%Y-%m-%dT%H:%M:%S", local);
		length += (size_t)snprintf(stamp + length, sizeof(log->stamp[0]) - length,
					   ".%09ld%c%02ld:%02ld %s F ", now->tv_nsec, sign,
					   offset / 60, offset % 60, stream_names[stream]);
		log->stamp_length[stream] = length;
	}
}

/* `","time":"2026-01-02T03:04:05.6Z"}`: UTC, no zeros at the end, as Go prints RFC3339Nano. */
static void json_stamp(struct log *log, const struct timespec *now)
{
	struct tm utc;

	gmtime_r(&now->tv_sec, &utc);
	for (unsigned int stream = 0; stream < 2; stream++) {
		char *stamp = log->stamp[stream];
		size_t length = strftime(stamp, sizeof(log->stamp[0]),
					 "\",\"time\":\"%Y-%m-%dT%H:%M:%S", &utc);

		length += (size_t)snprintf(stamp + length, 11, ".%09ld", now->tv_nsec);
		while (stamp[length - 1] == '0')
			length--;
		if (stamp[length - 1] == '.')
			length--;
		memcpy(stamp + length, "Z\"}\n", 4);
		log->stamp_length[stream] = length + 4;
	}
}

/* All records of one chunk carry the time at which the chunk was read. */
static void set_stamps(struct log *log)
{
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	if (log->format == LOG_JSON_FILE) {
		json_stamp(log, &now);
		return;
	}
	localtime_r(&now.tv_sec, &local);
	k8s_stamp(log, &now, &local);
}

static void write_pieces(struct log *log, unsigned int stream, const char *data, size_t length)
{
	void (*record)(struct log *, unsigned int, const char *, size_t) =
		log->format == LOG_JSON_FILE ? json_record : k8s_record;

	while (length > 0) {
		const char *newline = memchr(data, '\n', length);
		size_t piece = newline != NULL ? (size_t)(newline - data) + 1 : length;

		if (piece > LOG_PIECE_MAX)
			piece = LOG_PIECE_MAX;
		record(log, stream, data, piece);
		data += piece;
		length -= piece;
	}
}

/* JSON can't hold a part of a character: if a chunk cuts one, it waits for the rest. */
static size_t take_carry(struct log *log, unsigned int stream, const char *data, size_t length)
{
	char *carry = log->carry[stream];
	size_t used = 0;
	int size = -1;

	while (log->carry_length[stream] > 0 && used < length && size < 0) {
		carry[log->carry_length[stream]++] = data[used++];
		size = sequence((unsigned char *)carry, log->carry_length[stream]);
	}
	if (size >= 0) {
		write_pieces(log, stream, carry, log->carry_length[stream]);
		log->carry_length[stream] = 0;
	}
	return used;
}

static size_t leave_carry(struct log *log, unsigned int stream, const char *data, size_t length)
{
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		if (sequence((const unsigned char *)data + length - back, back) >= 0)
			continue;
		memcpy(log->carry[stream], data + length - back, back);
		log->carry_length[stream] = (unsigned int)back;
		return length - back;
	}
	return length;
}

/**
 * log_write() - Record the output of a stream (0 stdout, 1 stderr)
 */
void log_write(struct log *log, unsigned int stream, const char *data, size_t length)
{
	size_t taken;

	if (log->format == LOG_NONE || length == 0)
		return;
	set_stamps(log);
	if (log->format == LOG_JSON_FILE) {
		taken = take_carry(log, stream, data, length);
		data += taken;
		length = leave_carry(log, stream, data, length - taken);
	}
	write_pieces(log, stream, data, length);
	flush(log);
}

/**
 * log_finish() - Write the rest that still waits for more, and close the file
 */
void log_finish(struct log *log)
{
	for (unsigned int stream = 0; log->format != LOG_NONE && stream < 2; stream++) {
		set_stamps(log);
		write_pieces(log, stream, log->carry[stream], log->carry_length[stream]);
		log->carry_length[stream] = 0;
	}
	flush(log);
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	log->format = LOG_NONE;
}

/**
 * log_release_memory() - Give the pages of the idle buffer back to the kernel
 */
void log_release_memory(void)
{
	madvise(buffer, sizeof(buffer) & ~4095UL, MADV_DONTNEED);
}
