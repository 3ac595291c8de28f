/*
 * owners.c - `user.berth.owner` holds UID:GID of a file or directory whose owner is not root,
 * `user.berth.device` TYPE:MAJOR:MINOR of a file that stands for a device node. docs/identities.md
 * describes both, and the ledger's records.
 *
 * The real owner is changed too, from root to root, because the kernel then does its own checks and
 * effects (read-only mounts, set-id bits, change time, copying up).
 */
#include "owners.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "plan.h"

static const char owner_attribute[] = "user.berth.owner";
static const char device_attribute[] = "user.berth.device";

enum { VALUE_MAX = 32 };

/* What an attribute says of a file, or that its file system has none. */
enum recorded { NOTHING, AN_OWNER, NOT_HERE };

/* True for what lies on the container's root file system. */
static bool is_own(const struct owners *owners, int fd, const struct stat *status)
{
	struct statx mount = {0};

	if (status->st_dev != owners->device || owners->mount == 0)
		return status->st_dev == owners->device;
	return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &mount) == 0 &&
	       mount.stx_mnt_id == owners->mount;
}

/* What is not the container's own is left as it is: the kernel's refusals stay, the rest is as if
 * it had been done. */
static int change_foreign(int fd, const struct stat *status)
{
	struct statvfs fs;
	struct statfs type;

	if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0)
		return -EROFS;
	if (status->st_uid != 0)
		return -EPERM;
	if (fstatfs(fd, &type) == 0 && (type.f_type == PROC_SUPER_MAGIC ||
					type.f_type == SYSFS_MAGIC))
		return -EPERM;
	return 0;
}

static bool read_id(const char *text, uint64_t *id)
{
	return parse_number(text, UINT32_MAX - 1, id);
}

/* What is recorded of a file. What is malformed counts as nothing: a program may have set it. */
static enum recorded read_owner(const char *path, uid_t *uid, gid_t *gid)
{
	char text[VALUE_MAX];
	ssize_t length = getxattr(path, owner_attribute, text, sizeof(text) - 1);
	uint64_t user, group;
	char *colon;

	*uid = 0;
	*gid = 0;
	if (length < 0)
		return errno == EOPNOTSUPP ? NOT_HERE : NOTHING;
	text[length] = '\0';
	colon = strchr(text, ':');
	if (colon == NULL)
		return AN_OWNER;
	*colon = '\0';
	if (read_id(text, &user) && read_id(colon + 1, &group)) {
		*uid = (uid_t)user;
		*gid = (gid_t)group;
	}
	return AN_OWNER;
}

static int open_ledger(const struct owners *owners, int flags)
{
	return openat(owners->state, "owners",
		      O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
}

void owners_open(struct owners *owners)
{
	owners->ledger = open_ledger(owners, 0);
}

/* An id of a record; `-`: as it was. */
static void write_id(char text[VALUE_MAX], uint32_t id)
{
	if (id == UINT32_MAX)
		strcpy(text, "-");
	else
		snprintf(text, VALUE_MAX, "%u", id);
}

/* One record: UID GID INODE BIRTH PATH, ended by NUL. It is of the inode that has this number and
 * time of birth, or that time at this path: copying up changes the number. */
static int append_ledger(struct owners *owners, int fd, const char *name, uid_t uid,
			 gid_t gid)
{
	char line[PATH_MAX + 128], path[PATH_MAX], user[VALUE_MAX], group[VALUE_MAX];
	ssize_t length = readlink(name, path, sizeof(path) - 1);
	struct statx status;
	int size;

	if (length < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) < 0)
		return -errno;
	path[length] = '\0';
	write_id(user, uid);
	write_id(group, gid);
	size = snprintf(line, sizeof(line), "%s %s %llu %lld.%09u %s", user, group,
			(unsigned long long)status.stx_ino, (long long)status.stx_btime.tv_sec,
			status.stx_btime.tv_nsec, path);
	if (owners->ledger < 0)
		owners->ledger = open_ledger(owners, O_CREAT);
	if (owners->ledger < 0)
		return -errno;
	return write(owners->ledger, line, (size_t)size + 1) == size + 1 ? 0 : -EIO;
}

static int record_owner(const char *name, uid_t uid, gid_t gid, bool has_record)
{
	char text[VALUE_MAX];
	int length = snprintf(text, sizeof(text), "%u:%u", uid, gid);

	if (uid != 0 || gid != 0)
		return setxattr(name, owner_attribute, text, (size_t)length, 0) < 0 ? -errno : 0;
	return has_record && removexattr(name, owner_attribute) < 0 && errno != ENODATA ? -errno
											: 0;
}

int owners_change(struct owners *owners, int fd, uid_t uid, gid_t gid)
{
	bool keeps_uid = uid == (uid_t)-1, keeps_gid = gid == (gid_t)-1;
	enum recorded recorded = NOT_HERE;
	char name[16];
	struct stat status;
	uid_t old_uid;
	gid_t old_gid;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!is_own(owners, fd, &status))
		return change_foreign(fd, &status);
	if (fchownat(fd, "", keeps_uid ? uid : 0, keeps_gid ? gid : 0, AT_EMPTY_PATH) < 0)
		return -errno;
	if (keeps_uid && keeps_gid)
		return 0;
	/* Attributes are set by path only; this one leads to the inode and nowhere else. */
	if (fchdir(owners->self) < 0)
		return -errno;
	snprintf(name, sizeof(name), "%d", fd);
	if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
		recorded = read_owner(name, &old_uid, &old_gid);
	if (recorded == NOT_HERE)
		return append_ledger(owners, fd, name, uid, gid);
	return record_owner(name, keeps_uid ? old_uid : uid, keeps_gid ? old_gid : gid,
			    recorded == AN_OWNER);
}

int owners_make_device(const struct owners *owners, int parent, const char *name, mode_t mode,
		       uint32_t device)
{
	char text[VALUE_MAX];
	struct stat status;
	int fd, length, result;

	if (fstat(parent, &status) < 0)
		return -errno;
	if (!is_own(owners, parent, &status))
		return -EPERM;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	/* The kernel's packing of a 32-bit device number (linux/kdev_t.h, new_decode_dev). */
	length = snprintf(text, sizeof(text), "%c:%u:%u", S_ISBLK(mode) ? 'b' : 'c',
			  (device & 0xfff00) >> 8, (device & 0xff) | (device >> 12 & 0xfff00));
	result = fchmod(fd, mode & 07777) < 0 ||
		 fsetxattr(fd, device_attribute, text, (size_t)length, 0) < 0 ? -errno : 0;
	close(fd);
	if (result < 0)
		unlinkat(parent, name, 0);
	return result;
}
