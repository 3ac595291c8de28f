/**
 * Asks ext4 to place folders that have nothing to do with one another in different parts of the
 * disk, as chattr(1) does with `+T`.
 *
 * ext4 makes an inode in the group of its parent folder. There it passes over every inode that was
 * freed in the last minutes (fs/ext4/ialloc.c, recently_deleted), one by one: after an image of
 * 8,000 files was removed, unpacking it again took 14 s instead of 2. The top of a hierarchy gets
 * another group (find_group_orlov), and what is below it follows.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { loadSyscalls } from './syscalls.ts';

/** ioctl(2) requests for 64-bit programs, and chattr's `T`: linux/fs.h. */
const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_TOPDIR_FL = 0x00020000;

/**
 * Every folder that is made in `directory` from now on is the top of a hierarchy of its own, where
 * the file system knows such a thing; elsewhere nothing happens.
 */
export function spreadFolders(directory: string): void {
  const syscalls = loadSyscalls();
  const fd = openSync(directory, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const flags = new Int32Array(2);
    const bytes = new Uint8Array(flags.buffer);
    if (syscalls.ioctl(fd, FS_IOC_GETFLAGS, bytes) < 0) return;
    const [before = 0] = flags;
    flags[0] = before | FS_TOPDIR_FL;
    if (flags[0] !== before) syscalls.ioctl(fd, FS_IOC_SETFLAGS, bytes);
  } finally {
    closeSync(fd);
  }
}
