/* terminal.h - the caller's terminal: raw mode, size, and the keys that detach. */
#ifndef BERTH_TERMINAL_H
#define BERTH_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DETACH_KEYS_MAX = 16 };

struct detach_keys {
	unsigned char keys[DETACH_KEYS_MAX];
	unsigned int count, matched;
};

int detach_keys_parse(struct detach_keys *keys, const char *spec);
bool detach_keys_scan(struct detach_keys *keys, const char *in, size_t length, char *out,
		      size_t *out_length);

int terminal_raw(int fd, bool keys);
void terminal_restore(void);
int32_t terminal_size(int fd);
void terminal_resize(int fd, int32_t size);

#endif
