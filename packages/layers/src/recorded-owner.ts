/**
 * Owners that the file system can't hold because only one id is mapped are recorded in an
 * attribute of the file. A file without the attribute belongs to root. docs/identities.md says who
 * writes it.
 */
import { loadSyscalls } from '@berth/host';
import { treePath } from './tree-path.ts';

/** Holds `UID:GID` in decimal; the native helper writes it too, when root is emulated. */
export const OWNER_ATTRIBUTE = 'user.berth.owner';

/** Holds `c:MAJOR:MINOR` or `b:MAJOR:MINOR`, in an empty file that represents a device. */
const DEVICE_ATTRIBUTE = 'user.berth.device';
const DEVICE = /^([cb]):(\d{1,10}):(\d{1,10})$/;
/** The kernel's dev_t has 12 and 20 bits. */
const MOST_MAJOR = 0xfff;
const MOST_MINOR = 0xfffff;
const deviceText = Buffer.alloc(32);

/** A device that a file of the current directory represents. */
export interface RecordedDevice {
  readonly type: 'character' | 'block';
  readonly device: readonly [major: number, minor: number];
}

/** Undefined for a file that represents none; a program inside may have written any value. */
export function recordedDevice(name: string): RecordedDevice | undefined {
  const length = loadSyscalls().lgetxattr(treePath(name), DEVICE_ATTRIBUTE, deviceText);
  const found = DEVICE.exec(length <= 0 ? '' : deviceText.toString('latin1', 0, length));
  const [major, minor] = [Number(found?.[2]), Number(found?.[3])];
  if (!(major <= MOST_MAJOR && minor <= MOST_MINOR)) return undefined;
  return { type: found?.[1] === 'c' ? 'character' : 'block', device: [major, minor] };
}

/** The attribute's value; undefined for root's files, which need none. */
export function recordedOwner({ uid, gid }: { uid: number; gid: number }): Buffer | undefined {
  return uid === 0 && gid === 0 ? undefined : Buffer.from(`${uid}:${gid}`);
}
