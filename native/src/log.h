/* log.h - the log of a container. */
#ifndef BERTH_LOG_H
#define BERTH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_format { LOG_NONE, LOG_K8S_FILE, LOG_JSON_FILE };

/* Longest piece of a line that one record carries, as in Docker's driver. */
#define LOG_PIECE_MAX 16384
#define LOG_BUFFER_SIZE 262144

struct log {
	enum log_format format;
	const char *path;
	uint64_t max_size;	/* 0: unlimited */
	unsigned int max_files;
	int fd;
	uint64_t written;	/* bytes in the current file */
	size_t used;		/* bytes in the buffer */
	int error;		/* errno of a write that failed: records are missing */
	char stamp[2][64];	/* time in the record, per format */
	size_t stamp_length[2];
	char carry[2][4];	/* start of a UTF-8 sequence that a chunk cut, per stream */
	unsigned int carry_length[2];
};

int log_open(struct log *log, const char *format, const char *path, const char *max_size,
	     const char *max_files);
void log_write(struct log *log, unsigned int stream, const char *data, size_t length);
void log_finish(struct log *log);
void log_release_memory(void);

#endif
