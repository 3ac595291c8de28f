/* Which sysctls of a plan are written (CVE-2022-0811): the helper checks again what is checked. */
#include "setup.h"

#include <errno.h>

#include "unit.h"

static struct plan plan;
static struct failure failure;


/* Sets it where procfs is a folder of the test; @network is what the plan says of the network. */
static bool set(const char *network, const char *key, const char *value)
{
	struct setup setup = {.plan = &plan, .failure = &failure, .proc = -1};
	char text[1024];
	int size = 0, result;
	const char *words[] = {
		"berth-plan 1", "namespace 2", "net", network, "namespace 2", "ipc", "new",
		"namespace 2", "uts", "host", "sysctl 2", key, value, "end 0",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		size += sprintf(text + size, "%s", words[i]) + 1;
	plan_free(&plan);
	memset(&failure, 0, sizeof(failure));
	if (!CHECK(plan_parse(text, (size_t)size, &plan, &failure) == 0))
		return false;
	setup.proc = open(unit_scratch(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	result = setup_sysctls(&setup);
	close(setup.proc);
	return result == 0;
}

static const char *file(const char *key)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/sys/%s", unit_scratch(), key);
	return path;
}

static void make_files(void)
{
	static const char *const folders[] = {
		"", "net", "net/ipv4", "kernel", "vm", "netx", "fs", "fs/mqueue",
	};
	static const char *const files[] = {
		"net/ipv4/ip_forward", "kernel/core_pattern", "kernel/shmmax", "kernel/hostname",
		"vm/swappiness", "netx/a", "fs/mqueue/msg_max", "fs/suid_dumpable",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		mkdir(file(folders[i]), 0700);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unit_write(file(files[i]), "old");
	CHECK(symlink("../kernel/core_pattern", file("net/link")) == 0);
}

static void writes_those_of_the_container(void)
{
	CHECK(set("new", "net.ipv4.ip_forward", "new"));
	CHECK_TEXT("new", unit_read(file("net/ipv4/ip_forward")));
	CHECK(set("host", "kernel/shmmax", "yes"));
	CHECK_TEXT("yes", unit_read(file("kernel/shmmax")));
	CHECK(set("new", "fs.mqueue.msg_max", "1\t2"));
	CHECK_TEXT("1\t2", unit_read(file("fs/mqueue/msg_max")));
}

static void refuses_those_of_the_host(void)
{
	static const char *const keys[] = {
		"kernel.core_pattern", "vm.swappiness", "netx.a", "fs.suid_dumpable",
		"kernel.hostname", "sys.kernel.core_pattern",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		CHECK(!set("new", keys[i], "new"));
		CHECK_TEXT("not of a namespace of the container", failure.reason);
	}
	CHECK(!set("host", "net.ipv4.ip_forward", "bad"));
	CHECK_TEXT("not of a namespace of the container", failure.reason);
	CHECK_TEXT("old", unit_read(file("kernel/core_pattern")));
	CHECK_TEXT("new", unit_read(file("net/ipv4/ip_forward")));
}

static void refuses_odd_names(void)
{
	static const char *const keys[] = {
		"", "/net/ipv4/ip_forward", "net/../kernel/core_pattern", "net//ipv4/ip_forward",
		"net/ipv4/", "net...kernel.core_pattern",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		CHECK(!set("new", keys[i], "new"));
		CHECK_TEXT("not a name", failure.reason);
	}
	/* A link can't lead to another one. */
	CHECK(!set("new", "net/link", "new"));
	CHECK_TEXT("old", unit_read(file("kernel/core_pattern")));
}

static void refuses_values_of_two_lines(void)
{
	CHECK(!set("new", "net.ipv4.ip_forward", "1\nkernel.core_pattern=x"));
	CHECK_TEXT("control character in the value", failure.reason);
	CHECK(!set("new", "net.ipv4.ip_forward", "1\r"));
	CHECK_TEXT("new", unit_read(file("net/ipv4/ip_forward")));
}

int main(void)
{
	make_files();
	if (!set("new", "net.ipv4.ip_forward", "new") && failure.error == ENOSYS) {
		printf("skipped: no openat2(2) here\n");
		return unit_end("sysctls");
	}
	RUN(writes_those_of_the_container);
	RUN(refuses_those_of_the_host);
	RUN(refuses_odd_names);
	RUN(refuses_values_of_two_lines);
	plan_free(&plan);
	return unit_end("sysctls");
}
