/*
 * main.c - the applets of berth-native: mechanism for what Berth decides.
 */
#include <stdio.h>
#include <string.h>

#include "applets.h"
#include "container.h"
#include "failure.h"

#define VERSION "1"

static int version_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("berth-native %s, plan 1, socket 1\n", VERSION);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} applets[] = {
	{ "launch", launch_main },   { "supervise", supervise_main }, { "exec", exec_main },
	{ "attach", attach_main },   { "signal", signal_main },	      { "wait", wait_main },
	{ "enter", enter_main },     { "remove", remove_main },
	{ "shift", shift_main },     { "probe", probe_main },
	{ "seccomp", seccomp_main }, { "compress", compress_main },
	{ "hello", hello_main },     { "version", version_main },
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (argc > 0)
		init_keep_title(argc, argv);
	for (unsigned int i = 0; i < sizeof(applets) / sizeof(*applets); i++)
		if (strcmp(applets[i].name, name) == 0)
			return applets[i].run(argc - 1, argv + 1);
	dprintf(2, "Error: run \"%s\": berth-native has no such applet\n", name);
	return EXIT_ENGINE;
}
