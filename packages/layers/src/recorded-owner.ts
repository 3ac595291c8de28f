/**
 * Owners that the file system can't hold, because only one id is mapped: recorded in an attribute
 * of the file. What has no attribute belongs to root. docs/identities.md says who writes it.
 */

/** Holds `UID:GID` in decimal; the native helper writes it too, when root is emulated. */
export const OWNER_ATTRIBUTE = 'user.berth.owner';

/** The attribute's value; undefined for root's, which need none. */
export function recordedOwner({ uid, gid }: { uid: number; gid: number }): Buffer | undefined {
  return uid === 0 && gid === 0 ? undefined : Buffer.from(`${uid}:${gid}`);
}
