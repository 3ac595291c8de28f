/*
 * deflate.c - standard input as one gzip member on standard output, on all processors.
 *
 * Theory of operation. Layers that are pushed are compressed here and not by a runtime's zlib: the
 * two builds of Berth would give different bytes, and so different digests. Input is cut into
 * blocks; each is compressed for itself, with the end of the block before as its dictionary, and
 * ends on a byte (Z_SYNC_FLUSH), so that blocks can be put together (RFC 1951, 3.2.3). Which
 * thread compresses a block changes nothing: the output depends on input, level and zlib alone.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "applets.h"
#include "failure.h"

enum { BLOCK = 1 << 20, WINDOW = 1 << 15, MOST_THREADS = 16, SLOTS = 2 * MOST_THREADS };
enum { BOUND = BLOCK + BLOCK / 8 + 64 };
enum slot_state { SLOT_FREE, SLOT_READY, SLOT_DONE };

struct slot {
	enum slot_state state;
	bool last;
	size_t dictionary, length, packed;
	uLong crc;
	/* The dictionary stands before the block. */
	unsigned char in[WINDOW + BLOCK], out[BOUND];
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot *slots[SLOTS];
	size_t next, filled, wanted;
	int level;
	bool ended;
} work = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static size_t compress_block(struct slot *slot)
{
	z_stream stream = { 0 };
	unsigned char *block = slot->in + WINDOW;

	if (deflateInit2(&stream, work.level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	if (slot->dictionary > 0)
		deflateSetDictionary(&stream, block - slot->dictionary, (uInt)slot->dictionary);
	stream.next_in = block;
	stream.avail_in = (uInt)slot->length;
	stream.next_out = slot->out;
	stream.avail_out = BOUND;
	deflate(&stream, slot->last ? Z_FINISH : Z_SYNC_FLUSH);
	slot->crc = crc32(0, block, (uInt)slot->length);
	deflateEnd(&stream);
	return stream.total_out;
}

static void *compress_blocks(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&work.lock);
	for (;;) {
		struct slot *slot;

		while (work.next == work.filled && !work.ended)
			pthread_cond_wait(&work.changed, &work.lock);
		if (work.next == work.filled)
			break;
		slot = work.slots[work.next++ % SLOTS];
		pthread_mutex_unlock(&work.lock);
		slot->packed = compress_block(slot);
		pthread_mutex_lock(&work.lock);
		slot->state = SLOT_DONE;
		pthread_cond_broadcast(&work.changed);
	}
	pthread_mutex_unlock(&work.lock);
	return NULL;
}

/* Fills a slot from standard input. False when reading fails. */
static bool fill(struct slot *slot, const struct slot *before)
{
	slot->dictionary = before == NULL ? 0 : before->length < WINDOW ? before->length : WINDOW;
	if (slot->dictionary > 0)
		memcpy(slot->in + WINDOW - slot->dictionary,
		       before->in + WINDOW + before->length - slot->dictionary, slot->dictionary);
	for (slot->length = 0; slot->length < BLOCK;) {
		ssize_t count = read(0, slot->in + WINDOW + slot->length, BLOCK - slot->length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return false;
		if (count == 0)
			break;
		slot->length += (size_t)count;
	}
	slot->last = slot->length < BLOCK;
	slot->state = SLOT_READY;
	return true;
}

static bool write_all(const unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = write(1, bytes, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return false;
		bytes += count;
		length -= (size_t)count;
	}
	return true;
}

/* Writes the oldest block once it is done. False when that fails. */
static bool drain(size_t index, uLong *crc, unsigned int *total)
{
	struct slot *slot = work.slots[index % SLOTS];

	pthread_mutex_lock(&work.lock);
	while (slot->state != SLOT_DONE)
		pthread_cond_wait(&work.changed, &work.lock);
	pthread_mutex_unlock(&work.lock);
	*crc = crc32_combine(*crc, slot->crc, (z_off_t)slot->length);
	*total += (unsigned int)slot->length;
	slot->state = SLOT_FREE;
	return slot->packed > 0 && write_all(slot->out, slot->packed);
}

static bool publish(size_t filled, bool ended)
{
	pthread_mutex_lock(&work.lock);
	work.filled = filled;
	work.ended = ended;
	pthread_cond_broadcast(&work.changed);
	pthread_mutex_unlock(&work.lock);
	return true;
}

/* Reads ahead as far as there are slots; writes in the order of reading. */
static bool compress_all(size_t slots)
{
	static const unsigned char head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	size_t filled = 0, written = 0;
	unsigned int total = 0;
	uLong crc = 0;
	bool last = false;

	if (!write_all(head, sizeof(head)))
		return false;
	while (!last || written < filled) {
		if (last || filled - written == slots) {
			if (!drain(written++, &crc, &total))
				return false;
			continue;
		}
		struct slot *before = filled == 0 ? NULL : work.slots[(filled - 1) % SLOTS];
		struct slot **slot = &work.slots[filled % SLOTS];

		if (*slot == NULL && (*slot = malloc(sizeof(**slot))) == NULL)
			return false;
		if (!fill(*slot, before))
			return false;
		last = (*slot)->last;
		publish(++filled, last);
	}
	const unsigned char tail[8] = { (unsigned char)crc, (unsigned char)(crc >> 8),
		(unsigned char)(crc >> 16), (unsigned char)(crc >> 24), (unsigned char)total,
		(unsigned char)(total >> 8), (unsigned char)(total >> 16),
		(unsigned char)(total >> 24) };
	return write_all(tail, sizeof(tail));
}

int deflate_main(int argc, char **argv)
{
	cpu_set_t processors;
	size_t threads = sched_getaffinity(0, sizeof(processors), &processors) < 0
				 ? 1 : (size_t)CPU_COUNT(&processors);

	work.level = argc > 1 ? atoi(argv[1]) : 1;
	if (work.level < 1 || work.level > 9) {
		dprintf(2, "Error: compress at level %s: not one of 1 to 9\n", argv[1]);
		return EXIT_ENGINE;
	}
	if (threads > MOST_THREADS)
		threads = MOST_THREADS;
	for (size_t i = 0; i < threads; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, compress_blocks, NULL) != 0) {
			dprintf(2, "Error: compress: start thread: %s\n", strerror(errno));
			return EXIT_ENGINE;
		}
	}
	/* One slot more than is in use: the next block needs the one before as its dictionary. */
	if (compress_all(2 * threads > SLOTS - 1 ? SLOTS - 1 : 2 * threads))
		return 0;
	dprintf(2, "Error: compress: %s\n", strerror(errno));
	return EXIT_ENGINE;
}
