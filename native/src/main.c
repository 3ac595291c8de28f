/*
 * main.c - the applets of berth-native, which carry out what Berth has decided.
 */
#include <stdio.h>
#include <string.h>

#include "applets.h"
#include "capabilities.h"
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

/* Of the rights that root's caller leaves (become.c). Who enters the user namespace writes its maps
 * before that, and has none of them afterwards. */
enum rights { GIVEN_UP, KEPT };

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	enum rights rights;
} applets[] = {
	{ "launch", launch_main, KEPT },   { "supervise", supervise_main, KEPT },
	{ "enter", enter_main, KEPT },	   { "remove", remove_main, KEPT },
	{ "shift", shift_main, KEPT },	   { "probe", probe_main, KEPT },
	{ "become", become_main, KEPT },   { "take", take_main, KEPT },
	{ "low-ports", low_ports_main, KEPT }, { "exec-again", exec_again_main, KEPT },
	{ "run-again", run_again_main, KEPT },
	{ "exec", exec_main, GIVEN_UP },
	{ "attach", attach_main, GIVEN_UP }, { "signal", signal_main, GIVEN_UP },
	{ "wait", wait_main, GIVEN_UP },   { "seccomp", seccomp_main, GIVEN_UP },
	{ "compress", compress_main, GIVEN_UP }, { "hello", hello_main, GIVEN_UP },
	{ "version", version_main, GIVEN_UP },
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (argc > 0)
		init_keep_title(argc, argv);
	for (unsigned int i = 0; i < sizeof(applets) / sizeof(*applets); i++) {
		if (strcmp(applets[i].name, name) != 0)
			continue;
		if (applets[i].rights == GIVEN_UP)
			capabilities_give_up();
		return applets[i].run(argc - 1, argv + 1);
	}
	dprintf(2, "Error: run \"%s\": berth-native has no such applet\n", name);
	return EXIT_ENGINE;
}
