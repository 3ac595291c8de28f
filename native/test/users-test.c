/* Users and groups of images: who is meant, and what is refused. */
#include "users.h"

#include "unit.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken\n:::::\n"
			     "user:x:1000:1000::/home/user:/bin/sh\n"
			     "1000:x:7:7::/seven:\n"
			     "wrap:x:4294967296:0::/:\n"
			     "big:x:2147483648:0::/:\n"
			     "odd:x:0x5:5::/:\n"
			     "relative:x:8:8::home:\n"
			     "last:x:9:9::/last:";
static const char group[] = "root:x:0:\nuser:x:1000:\nstaff:x:50:user,other\n"
			    "wheel:x:10:other,user\nnear:x:11:user2,xuser\nbad:x:-1:user\n"
			    "again:x:50:user\n1000:x:77:\n";

static struct identity identity;
static struct failure failure;

static bool find(const char *spec, const struct plan_record *added)
{
	char *copy = strdup(passwd);
	int result = identity_parse(copy, group, spec, added, &identity, &failure);

	free(copy);
	return result == 0;
}

static bool is(uid_t uid, gid_t gid, size_t groups)
{
	return identity.uid == uid && identity.gid == gid && identity.group_count == groups;
}

static void finds_users(void)
{
	CHECK(find(NULL, NULL) && is(0, 0, 0));
	CHECK(find("", NULL) && is(0, 0, 0));
	CHECK_TEXT("/root", identity.home);
	CHECK(find("user", NULL) && is(1000, 1000, 3));
	CHECK(identity.groups[0] == 50 && identity.groups[1] == 10 && identity.groups[2] == 1000);
	CHECK_TEXT("/home/user", identity.home);
	CHECK(find("last", NULL) && is(9, 9, 1));
	CHECK(find("relative", NULL) && is(8, 8, 1));
	CHECK_TEXT("/", identity.home);
}

/* CVE-2026-30892: a number is never a name. */
static void tells_numbers_from_names(void)
{
	CHECK(find("1000", NULL) && is(1000, 1000, 3));
	CHECK_TEXT("/home/user", identity.home);
	CHECK(find("1000:1000", NULL) && is(1000, 1000, 1));
	CHECK(find("12345", NULL) && is(12345, 0, 1));
	CHECK(find("1000:", NULL) && is(1000, 1000, 3));
	CHECK(find(":5", NULL) && is(0, 5, 1));
	CHECK(find("2147483647", NULL) && identity.uid == 2147483647);
}

/* CVE-2024-40635: what others wrap to 0 is refused. */
static void refuses_odd_users(void)
{
	static const char *const refused[] = {
		"-1", "+1", "0x0", " 0", "0 ", "2147483648", "4294967295", "4294967296",
		"18446744073709551616", "wrap", "big", "odd", "nobody", "1000:nogroup",
		"1000:99999999999", "1000:-1", "user:user:user",
	};
	char long_name[300];

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (!CHECK(!find(refused[i], NULL)))
			fprintf(stderr, "  %s\n", refused[i]);
	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	CHECK(!find(long_name, NULL));
	long_name[200] = ':';
	CHECK(!find(long_name, NULL));
}

static void adds_groups(void)
{
	char *args[] = {"staff", "99", "staff", NULL};
	char *kept[] = {"keep-groups", NULL}, *missing[] = {"nothing", NULL};
	struct plan_record added = {OP_GROUP_ADD, 3, args};

	CHECK(find("user:user", &added) && is(1000, 1000, 3));
	CHECK(identity.groups[0] == 50 && identity.groups[1] == 99 && !identity.keep_groups);
	added = (struct plan_record){OP_GROUP_ADD, 1, kept};
	CHECK(find("", &added) && identity.keep_groups && identity.group_count == 0);
	added = (struct plan_record){OP_GROUP_ADD, 1, missing};
	CHECK(!find("", &added));
}

static void bounds_groups(void)
{
	size_t room = 40000;
	char *many = malloc(room), who[] = "u:x:1:1::/:";
	size_t used = 0;

	for (int i = 0; i < MAX_GROUPS + 1; i++)
		used += (size_t)snprintf(many + used, room - used, "g%d:x:%d:u\n", i, 100 + i);
	CHECK(identity_parse(who, many, "u", NULL, &identity, &failure) < 0);
	CHECK_TEXT("more than 1024 groups", failure.reason);
	free(many);
}

/* CVE-2024-9676: what is no small regular file is refused at once, and never waited for. */
static void refuses_odd_files(void)
{
	char path[128];
	int root;

	snprintf(path, sizeof(path), "%s/etc", unit_scratch());
	mkdir(path, 0755);
	root = open(unit_scratch(), O_PATH | O_DIRECTORY);
	if (identity_find(root, "0", NULL, &identity, &failure) < 0 && failure.error == 38) {
		printf("skipped: no openat2(2) here\n");
		return;
	}
	CHECK(identity_find(root, "5", NULL, &identity, &failure) == 0 && is(5, 0, 1));
	strcat(path, "/passwd");
	CHECK(mkfifo(path, 0600) == 0);
	CHECK(identity_find(root, "0", NULL, &identity, &failure) < 0);
	unlink(path);
	CHECK(symlink("/dev/zero", path) == 0);
	CHECK(identity_find(root, "0", NULL, &identity, &failure) == 0);
	unlink(path);
	unit_write(path, "a:x:4:4::/:");
	CHECK(identity_find(root, "a", NULL, &identity, &failure) == 0 && is(4, 4, 1));
	CHECK(truncate(path, (1 << 20) + 1) == 0);
	CHECK(identity_find(root, "a", NULL, &identity, &failure) < 0);
	close(root);
}

int main(void)
{
	RUN(finds_users);
	RUN(tells_numbers_from_names);
	RUN(refuses_odd_users);
	RUN(adds_groups);
	RUN(bounds_groups);
	RUN(refuses_odd_files);
	return unit_end("users and groups");
}
