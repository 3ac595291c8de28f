/* Id maps and the keepers of the shared user namespace: whose namespace is joined, whose entry is
 * dropped. The source is included for what it keeps to itself. */
#include "../src/userns.c"

#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>

#include "unit.h"

static struct failure failure;
static char keepers[128];

static bool add(struct id_map *map, const char *inside, const char *outside, const char *count)
{
	return id_map_add(map, inside, outside, count, &failure) == 0;
}

/* CVE-2016-6252: sums that overflow name other ids than were meant. */
static void checks_ranges(void)
{
	struct id_map map = {0};

	CHECK(add(&map, "0", "1000", "1") && add(&map, "1", "100000", "65536") && map.count == 2);
	CHECK(!add(&map, "0", "0", "0") && !add(&map, "-1", "0", "1"));
	CHECK(!add(&map, "0", "0x1", "1"));
	CHECK(!add(&map, "4294967295", "0", "1") && !add(&map, "0", "4294967295", "1"));
	CHECK(!add(&map, "1", "0", "4294967295") && !add(&map, "4294967290", "0", "6"));
	CHECK(add(&map, "4294967290", "0", "5") && !add(&map, "0", "4294967290", "4294967290"));
	CHECK(map.count == 3 && root_extent(&map)->outside == 1000);
	map.count = USERNS_MAX_EXTENTS;
	CHECK(!add(&map, "0", "0", "1"));
}

static void compares_maps(void)
{
	struct id_map map = {0};
	int folder = open(unit_scratch(), O_PATH | O_DIRECTORY);
	char path[160];

	snprintf(path, sizeof(path), "%s/map", unit_scratch());
	add(&map, "0", "1000", "1");
	add(&map, "1", "100000", "65536");
	unit_write(path, "         0       1000          1\n         1     100000      65536\n");
	CHECK(same_map(folder, "map", &map));
	unit_write(path, "1 100000 65536\n0 1000 1\n");
	CHECK(same_map(folder, "map", &map));
	unit_write(path, "0 1000 1\n");
	CHECK(!same_map(folder, "map", &map));
	unit_write(path, "0 1000 1\n1 100000 65535\n");
	CHECK(!same_map(folder, "map", &map));
	unit_write(path, "0 1000 1\nx\n");
	CHECK(!same_map(folder, "map", &map));
	CHECK(!same_map(folder, "missing", &map));
	close(folder);
}

/* The maps of the caller itself, so that this process is a keeper like any. */
static void read_own_maps(struct userns *userns)
{
	const char *files[] = {"/proc/self/uid_map", "/proc/self/gid_map"};

	memset(userns, 0, sizeof(*userns));
	userns->keepers = keepers;
	for (int i = 0; i < 2; i++) {
		struct id_map *map = i == 0 ? &userns->uids : &userns->gids;
		FILE *file = fopen(files[i], "r");
		struct id_extent *extent = map->extents;

		while (file != NULL && map->count < USERNS_MAX_EXTENTS &&
		       fscanf(file, "%u %u %u", &extent->inside, &extent->outside,
			      &extent->count) == 3)
			extent = &map->extents[++map->count];
		if (file != NULL)
			fclose(file);
	}

}

static int keeper(const struct userns *userns, const char *name, const char *text)
{
	int folder = open(keepers, O_PATH | O_DIRECTORY), result;
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", keepers, name);
	if (text != NULL)
		unit_write(path, text);
	result = keeper_namespace(folder, name, userns);
	close(folder);
	return result;
}

static void tells_keepers_apart(void)
{
	struct userns userns;
	char own[16], start[32], path[32];
	int found, process;

	read_own_maps(&userns);
	snprintf(own, sizeof(own), "%d", getpid());
	snprintf(path, sizeof(path), "/proc/%d", getpid());
	/* By descriptor: what the whole path leads to is made up by qemu-user. */
	process = open(path, O_PATH | O_DIRECTORY);
	snprintf(start, sizeof(start), "%llu", process_start_time(process, "stat"));
	close(process);
	found = keeper(&userns, own, start);
	/* Its folder must belong to whom the map calls root: only root's own tests see that. */
	CHECK(found >= 0 || (getuid() != 0 && found == KEEPER_OTHER));
	if (found >= 0)
		close(found);
	CHECK(keeper(&userns, own, "1") == KEEPER_DEAD);	/* the pid was used again */
	CHECK(keeper(&userns, own, "") == KEEPER_DEAD);
	CHECK(keeper(&userns, own, "0") == KEEPER_DEAD);
	CHECK(keeper(&userns, own, "not a number") == KEEPER_DEAD);
	CHECK(keeper(&userns, "4194305", "5") == KEEPER_DEAD);
	CHECK(keeper(&userns, "0", "5") == KEEPER_OTHER);
	CHECK(keeper(&userns, "1x", "5") == KEEPER_OTHER);
	userns.uids.extents[0].count--;
	CHECK(keeper(&userns, own, start) == KEEPER_OTHER);
}

static void drops_the_dead_under_the_lock(void)
{
	struct userns userns;
	int folder = open(keepers, O_PATH | O_DIRECTORY), dead = 0;
	char path[160];

	read_own_maps(&userns);
	userns.uids.extents[0].count--;
	snprintf(path, sizeof(path), "%s/4194305", keepers);
	unit_write(path, "5");
	CHECK(find_namespace(folder, &userns, false, &dead) < 0 && dead > 0);
	CHECK(access(path, F_OK) == 0);
	CHECK(find_namespace(folder, &userns, true, &dead) < 0);
	CHECK(access(path, F_OK) < 0);
	close(folder);
}

static void publishes_and_withdraws(void)
{
	char path[160], start[32];
	int folder, lock = open_lock(keepers, &folder, &failure);

	CHECK(lock >= 0 && take_lock(lock, LOCK_EX, keepers, &failure) == 0);
	snprintf(path, sizeof(path), "%s/77", keepers);
	CHECK(userns_publish(keepers, lock, 77, &failure) == 0);
	snprintf(start, sizeof(start), "%llu", process_start_time(AT_FDCWD, "/proc/self/stat"));
	CHECK_TEXT(start, unit_read(path));
	CHECK(fcntl(lock, F_GETFD) < 0);
	userns_withdraw(keepers, 77);
	CHECK(access(path, F_OK) < 0);
	close(folder);
}

static void waits_for_a_lock_in_time(void)
{
	char path[160];
	int held, other;

	snprintf(path, sizeof(path), "%s/held", keepers);
	held = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	other = open(path, O_RDWR | O_CLOEXEC);
	CHECK(lock_in_time(held, LOCK_EX, 0) == 0);
	CHECK(lock_in_time(other, LOCK_EX, 20) < 0 && errno == EWOULDBLOCK);
	close(held);
	CHECK(lock_in_time(other, LOCK_EX, 20) == 0);
	close(other);
	CHECK(lock_in_time(other, LOCK_EX, 20) < 0 && errno == EBADF);
}

int main(void)
{
	snprintf(keepers, sizeof(keepers), "%s/keepers", unit_scratch());
	mkdir(keepers, 0700);
	RUN(checks_ranges);
	RUN(compares_maps);
	RUN(tells_keepers_apart);
	RUN(drops_the_dead_under_the_lock);
	RUN(publishes_and_withdraws);
	RUN(waits_for_a_lock_in_time);
	return unit_end("user namespaces");
}
