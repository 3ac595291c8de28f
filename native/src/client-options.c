/*
 * client-options.c - the command line of launch, exec and attach, as the JavaScript side writes it.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "plan.h"

static struct relay relays[3];

static unsigned int parse_streams(const char *list)
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };
	unsigned int streams = 0;

	while (*list != '\0') {
		size_t length = strcspn(list, ",");

		for (unsigned int i = 0; i < 3; i++)
			if (strlen(names[i]) == length && strncmp(list, names[i], length) == 0)
				streams |= 1U << i;
		list += length + (list[length] == ',');
	}
	return streams;
}

/* The JavaScript runtimes raise their soft limit; the container gets the user's own back. */
static int restore_nofile(const char *value)
{
	struct rlimit limit;
	uint64_t number;

	if (!parse_number(value, INT64_MAX, &number) || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	limit.rlim_cur = number < limit.rlim_max ? number : limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

static int set_option(struct client *client, const char *name, const char *value)
{
	uint64_t number;

	if (strcmp(name, "--plan") == 0)
		client->plan = value;
	else if (strcmp(name, "--run-dir") == 0)
		client->run_dir = value;
	else if (strcmp(name, "--print") == 0)
		client->print = value;
	else if (strcmp(name, "--sig-proxy") == 0)
		client->sig_proxy = strcmp(value, "1") == 0;
	else if (strcmp(name, "--nofile") == 0)
		return restore_nofile(value);
	else if (strcmp(name, "--signal") == 0)
		return parse_number(value, 64, &client->signal) ? 0 : -1;
	else if (strcmp(name, "--terminal") == 0)
		client->terminal = strcmp(value, "1") == 0;
	else if (strcmp(name, "--timeout") == 0 && parse_number(value, INT_MAX, &number))
		client->timeout_ms = (int)number;
	else if (strcmp(name, "--detach-keys") == 0)
		return detach_keys_parse(&client->keys, value);
	else if (strcmp(name, "--attach") == 0)
		client->streams_given = (client->streams = parse_streams(value)) != 0;
	else
		return -1;
	return 0;
}

/**
 * client_options() - Read the command line of launch, exec or attach
 */
int client_options(struct client *client, int argc, char **argv)
{
	memset(client, 0, sizeof(*client));
	client->sig_proxy = true;
	client->streams = ATTACH_STDIN | ATTACH_STDOUT | ATTACH_STDERR;
	client->control = client->signals = client->timeout_ms = -1;
	client->relays = relays;
	for (int i = 0; i < 3; i++)
		relay_init(&relays[i], -1, -1);
	detach_keys_parse(&client->keys, "ctrl-p,ctrl-q");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--detach") == 0) {
			client->detach = true;
			continue;
		}
		if (i + 1 == argc || set_option(client, argv[i], argv[i + 1]) < 0) {
			dprintf(2, "Error: read option \"%s\": no such option or value\n", argv[i]);
			return -1;
		}
		i++;
	}
	return 0;
}
