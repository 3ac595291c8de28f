/*
 * hello.c - the program of the embedded image `hello`: it prints what has just worked.
 */
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "applets.h"

int hello_main(int argc, char **argv)
{
	struct utsname system;

	(void)argc;
	(void)argv;
	if (uname(&system) < 0)
		return 1;
	printf("Hello from a container!\n\n"
	       "Berth unpacked an image, made namespaces and a root file system, and started\n"
	       "this program in them, without a daemon and without root:\n\n"
	       "    host name  %s\n"
	       "    process    %d\n"
	       "    user       %d\n"
	       "    kernel     %s\n\n"
	       "The host's own programs in a container:   berth run --rm -it host bash\n"
	       "An image of a registry:                   berth run --rm -it debian bash\n"
	       "All commands:                             berth --help\n",
	       system.nodename, (int)getpid(), (int)getuid(), system.release);
	return 0;
}
