/* What covers a masked file: the host's null device, by its number (CVE-2025-31133). */
#include "setup.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "unit.h"

static struct failure failure;

static const char *file(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", unit_scratch(), name);
	return path;
}

/* Masks /secret, where the scratch folder is the container's root. */
static int mask(void)
{
	struct setup setup = { .failure = &failure, .null = -1, .empty = -1 };
	char *path[] = { (char *)"/secret" };
	struct plan_record record = { .args = path, .count = 1 };
	int result;

	memset(&failure, 0, sizeof(failure));
	setup.root = open(unit_scratch(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	result = setup_mask(&setup, &record);
	close(setup.root);
	if (setup.null >= 0)
		close(setup.null);
	return result;
}

static void covers_with_the_null_device(void)
{
	struct stat status;

	CHECK(mask() == 0);
	CHECK(stat(file("secret"), &status) == 0 && S_ISCHR(status.st_mode) &&
	      status.st_rdev == makedev(1, 3));
	CHECK(umount(file("secret")) == 0);
}

/* What else has its name: a file, another device. */
static void refuses_what_is_no_null_device(void)
{
	char planted[256];
	const char *const others[] = { planted, "/dev/zero" };

	snprintf(planted, sizeof(planted), "%s", file("planted"));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		CHECK(mount(others[i], "/dev/null", NULL, MS_BIND, NULL) == 0);
		CHECK(mask() < 0 && failure.error == ENODEV);
		CHECK(umount("/dev/null") == 0);
	}
	CHECK_TEXT("text", unit_read(file("secret")));
}

/* True where new mounts can be made, and openat2(2) and open_tree(2) are there. */
static bool can_mount(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       (mask() == 0 ? umount(file("secret")) == 0 : failure.error != ENOSYS);
}

int main(void)
{
	unit_write(file("secret"), "text");
	unit_write(file("planted"), "planted");
	if (!can_mount()) {
		printf("skipped: no new mounts here\n");
		return unit_end("masks");
	}
	RUN(covers_with_the_null_device);
	RUN(refuses_what_is_no_null_device);
	return unit_end("masks");
}
