/*
 * compress.c - compresses standard input to standard output, on all processors.
 *
 * Theory of operation. Layers that are pushed are compressed here and not by a runtime's zlib,
 * because the two builds of Berth would give different bytes, and so different digests. Input is
 * cut into blocks; each becomes a gzip member (RFC 1952, 2.2) or a zstd frame (RFC 8878, 3) of its
 * own, and members or frames may follow one another. It does not matter which thread compresses a
 * block: the output depends only on input, format, level and library.
 */
#include <errno.h>
#include <libdeflate.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "applets.h"
#include "failure.h"
#include "memory-file.h"

/* Deflate looks back 32 KiB at most. Small blocks fit into a processor's own cache, with their
 * result, and cost half a per cent of size. zstd finds repetitions further back, so it needs larger
 * ones. */
enum { GZIP_BLOCK = 1 << 18, ZSTD_BLOCK = 1 << 20 };
enum { BOUND = ZSTD_BLOCK + ZSTD_BLOCK / 8 + 64, MOST_THREADS = 16 };
/* Files come unevenly: it takes this many to keep two processors at work while small ones come. */
enum { SLOTS = 2 * MOST_THREADS, LEAST_SLOTS = 16 };
enum slot_state { SLOT_FREE, SLOT_READY, SLOT_DONE };

struct slot {
	enum slot_state state;
	size_t length, packed;
	unsigned char in[ZSTD_BLOCK], out[BOUND];
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot *slots[SLOTS];
	size_t next, filled, block, count;
	bool zstd, ended;
	int level;
} work = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* One for each thread. */
struct compressor {
	struct libdeflate_compressor *gzip;
	ZSTD_CCtx *zstd;
};

/* Return: the compressed length; 0 if there is no memory. */
static size_t compress_block(struct compressor *with, struct slot *slot)
{
	const unsigned char *in = slot->in;
	size_t packed = 0;

	if (with->gzip != NULL)
		return libdeflate_gzip_compress(with->gzip, in, slot->length, slot->out, BOUND);
	if (with->zstd != NULL)
		packed = ZSTD_compressCCtx(with->zstd, slot->out, BOUND, in, slot->length,
					   work.level);
	return ZSTD_isError(packed) ? 0 : packed;
}

static void *compress_blocks(void *unused)
{
	struct compressor with = { 0 };

	(void)unused;
	if (work.zstd)
		with.zstd = ZSTD_createCCtx();
	else
		with.gzip = libdeflate_alloc_compressor(work.level);
	pthread_mutex_lock(&work.lock);
	for (;;) {
		struct slot *slot;

		while (work.next == work.filled && !work.ended)
			pthread_cond_wait(&work.changed, &work.lock);
		if (work.next == work.filled)
			break;
		slot = work.slots[work.next++ % work.count];
		pthread_mutex_unlock(&work.lock);
		slot->packed = compress_block(&with, slot);
		pthread_mutex_lock(&work.lock);
		slot->state = SLOT_DONE;
		pthread_cond_broadcast(&work.changed);
	}
	pthread_mutex_unlock(&work.lock);
	return NULL;
}

/* Fills a slot from standard input. False when reading fails. */
static bool fill(struct slot *slot)
{
	for (slot->length = 0; slot->length < work.block;) {
		ssize_t count = read(0, slot->in + slot->length, work.block - slot->length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return false;
		if (count == 0)
			break;
		slot->length += (size_t)count;
	}
	slot->state = SLOT_READY;
	return true;
}

/* Writes the oldest block once it is done. False when that fails. */
static bool drain(struct slot *slot)
{
	pthread_mutex_lock(&work.lock);
	while (slot->state != SLOT_DONE)
		pthread_cond_wait(&work.changed, &work.lock);
	pthread_mutex_unlock(&work.lock);
	slot->state = SLOT_FREE;
	if (slot->packed > 0)
		return write_all(1, slot->out, slot->packed);
	errno = ENOMEM;
	return false;
}

static void publish(size_t filled, bool ended)
{
	pthread_mutex_lock(&work.lock);
	work.filled = filled;
	work.ended = ended;
	pthread_cond_broadcast(&work.changed);
	pthread_mutex_unlock(&work.lock);
}

/* Reads ahead as long as there are free slots; writes in the order of reading. */
static bool compress_all(void)
{
	size_t filled = 0, written = 0;
	bool last = false;

	while (!last || written < filled) {
		if (last || filled - written == work.count) {
			if (!drain(work.slots[written++ % work.count]))
				return false;
			continue;
		}
		struct slot **slot = &work.slots[filled % work.count];

		if (*slot == NULL && (*slot = malloc(sizeof(**slot))) == NULL)
			return false;
		if (!fill(*slot))
			return false;
		last = (*slot)->length < work.block;
		/* Only empty input gives an empty member. */
		if ((*slot)->length > 0 || filled == 0)
			filled++;
		publish(filled, last);
	}
	return true;
}

/* FORMAT LEVEL: gzip 1 to 9, zstd 1 to 20. */
static bool parse_arguments(int argc, char **argv)
{
	char *end;

	if (argc != 3 || (strcmp(argv[1], "gzip") != 0 && strcmp(argv[1], "zstd") != 0))
		return false;
	work.zstd = argv[1][0] == 'z';
	work.block = work.zstd ? ZSTD_BLOCK : GZIP_BLOCK;
	work.level = (int)strtol(argv[2], &end, 10);
	return *end == '\0' && work.level >= 1 && work.level <= (work.zstd ? 20 : 9);
}

int compress_main(int argc, char **argv)
{
	cpu_set_t processors;
	size_t threads = 1;

	if (!parse_arguments(argc, argv)) {
		dprintf(2, "Error: not a format and its level\n");
		return EXIT_ENGINE;
	}
	if (sched_getaffinity(0, sizeof(processors), &processors) == 0)
		threads = (size_t)CPU_COUNT(&processors);
	if (threads > MOST_THREADS)
		threads = MOST_THREADS;
	work.count = 2 * threads < LEAST_SLOTS ? LEAST_SLOTS : 2 * threads;
	for (size_t i = 0; i < threads; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, compress_blocks, NULL) != 0) {
			dprintf(2, "Error: start thread: %s\n", strerror(errno));
			return EXIT_ENGINE;
		}
	}
	if (compress_all())
		return 0;
	dprintf(2, "Error: %s\n", strerror(errno));
	return EXIT_ENGINE;
}
