/*
 * terminal.c - the caller's terminal: raw mode, size, and the keys that detach.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

static struct termios saved;
static int saved_fd = -1;

/**
 * terminal_raw() - Let output through untouched, and every key if @keys
 *
 * terminal_restore() undoes it. After a stop of the process this is called again, and the terminal
 * may be as it was left. Where keys stay the caller's, so does the terminal while the caller is in
 * the background.
 */
int terminal_raw(int fd, bool keys)
{
	struct termios raw;

	if (!keys && tcgetpgrp(fd) != getpgrp())
		return 0;
	if (saved_fd < 0 && tcgetattr(fd, &saved) < 0)
		return -1;
	raw = saved;
	if (keys)
		cfmakeraw(&raw);
	else
		raw.c_oflag &= ~(tcflag_t)OPOST;
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return -1;
	saved_fd = fd;
	return 0;
}

/**
 * terminal_restore() - Give the terminal back as it was found
 */
void terminal_restore(void)
{
	if (saved_fd >= 0)
		tcsetattr(saved_fd, TCSADRAIN, &saved);
	saved_fd = -1;
}

/**
 * terminal_size() - Return: rows << 16 | columns; 0 where it has none
 */
int32_t terminal_size(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_row > 0x7fff)
		return 0;
	return size.ws_row << 16 | size.ws_col;
}

/**
 * terminal_resize() - Set the size that terminal_size() gave
 */
void terminal_resize(int fd, int32_t size)
{
	struct winsize wanted = { .ws_row = (unsigned short)(size >> 16),
				  .ws_col = (unsigned short)(size & 0xffff) };

	if (size > 0)
		ioctl(fd, TIOCSWINSZ, &wanted);
}

static int control_key(char key)
{
	if (key >= 'a' && key <= 'z')
		return key - 'a' + 1;
	if (key >= 'A' && key <= 'Z')
		return key - 'A' + 1;
	if (key == '@')
		return 0;
	return key >= '[' && key <= '_' ? key - '[' + 27 : -1;
}

/**
 * detach_keys_parse() - Read `ctrl-p,ctrl-q` or `a,b,c`; an empty text is no keys
 */
int detach_keys_parse(struct detach_keys *keys, const char *spec)
{
	keys->count = keys->matched = 0;
	while (*spec != '\0') {
		size_t length = strcspn(spec, ",");
		int key = -1;

		if (length == 1)
			key = (unsigned char)spec[0];
		else if (length == 6 && strncmp(spec, "ctrl-", 5) == 0)
			key = control_key(spec[5]);
		if (key < 0 || keys->count == DETACH_KEYS_MAX)
			return -1;
		keys->keys[keys->count++] = (unsigned char)key;
		spec += length;
		if (*spec == ',' && *++spec == '\0')
			return -1;
	}
	return 0;
}

/**
 * detach_keys_scan() - Copy input, holding back what may be the keys' beginning
 * @out:	room for @length + DETACH_KEYS_MAX bytes
 *
 * Return: true when the keys were pressed; they are not copied then, nor what follows them.
 */
bool detach_keys_scan(struct detach_keys *keys, const char *in, size_t length, char *out,
		      size_t *out_length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char key = (unsigned char)in[i];

		if (keys->count > 0 && key == keys->keys[keys->matched]) {
			if (++keys->matched == keys->count) {
				*out_length = used;
				return true;
			}
			continue;
		}
		memcpy(out + used, keys->keys, keys->matched);
		used += keys->matched;
		keys->matched = 0;
		if (keys->count > 0 && key == keys->keys[0] && keys->count > 1)
			keys->matched = 1;
		else
			out[used++] = in[i];
	}
	*out_length = used;
	return false;
}
