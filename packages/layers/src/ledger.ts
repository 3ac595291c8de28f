/**
 * The ledger of a container: owners of files that can't have attributes, by inode and time of
 * birth. docs/identities.md has the format.
 *
 * A backup or a move to another disk gives new numbers and births to all files. Copies with their
 * times kept can be told: the ledger was changed (ctime) after it was last written to (mtime). In
 * a copy a record belongs to the file at its path.
 */
import { closeSync, fstatSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { loadSyscalls, OPEN, RESOLVE } from '@berth/host';

/** What one record says. */
export interface LedgerLine {
  /** Undefined: unchanged. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly inode: string;
  readonly birth: string;
  /** Below the root, as a byte string. */
  readonly path: string;
}

const CHUNK_BYTES = 1 << 16;
/** A path and five numbers. */
const MOST_RECORD_BYTES = 4096 + 128;
const RECORD = /^(\d{1,10}|-) (\d{1,10}|-) (\d{1,20}) (\d{1,20}\.\d{9}) \/(.*)$/s;
const SECOND = 1_000_000_000n;
const PATH_FLAGS = OPEN.PATH | OPEN.CLOEXEC | OPEN.NOFOLLOW;

/** The time of birth in a record where the file system has none. */
export const NO_BIRTH = '0.000000000';

/** A file's time of birth as records have it. */
export function birthOf({ birthtimeNs }: BigIntStats): string {
  return `${birthtimeNs / SECOND}.${String(birthtimeNs % SECOND).padStart(9, '0')}`;
}

/**
 * The records, in their order; malformed ones are left out, for the container's root may have
 * filled the disk. Read piece by piece, because it also decides how long the ledger is.
 */
export function* ledgerLines(ledger: string): Generator<LedgerLine> {
  const fd = openLedger(ledger);
  if (fd === undefined) return;
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = '';
  try {
    for (let count = readSync(fd, chunk); count > 0; count = readSync(fd, chunk)) {
      const records = (rest + chunk.toString('latin1', 0, count)).split('\0');
      rest = (records.pop() ?? '').slice(0, MOST_RECORD_BYTES);
      yield* records.flatMap(parseRecord);
    }
  } finally {
    closeSync(fd);
  }
}

/** True for a ledger that was copied together with its times; false where there is none. */
export function isCopied(ledger: string): boolean {
  const fd = openLedger(ledger);
  if (fd === undefined) return false;
  try {
    const { ctimeNs, mtimeNs } = fstatSync(fd, { bigint: true });
    return ctimeNs > mtimeNs + SECOND;
  } finally {
    closeSync(fd);
  }
}

/**
 * True if a record for its path belongs to this file of a copied store. A link that was made after
 * the record was written is another one.
 */
export function isThere({ birth }: Pick<LedgerLine, 'birth'>, status: BigIntStats): boolean {
  return !status.isSymbolicLink() || birth === NO_BIRTH
    || status.mtimeNs / SECOND <= BigInt(birth.slice(0, -NO_BIRTH.length + 1));
}

/**
 * The ledger of a container in a copied store has the numbers and births of the files in `tree`
 * from now on, before the container's root adds to it. Otherwise nothing is done.
 */
export function adoptLedger(ledger: string, tree: string): void {
  if (!isCopied(ledger)) return;
  const syscalls = loadSyscalls();
  const treeFd = syscalls.open(tree, OPEN.PATH | OPEN.DIRECTORY | OPEN.CLOEXEC);
  if (treeFd < 0) return;
  try {
    const adopted = [...ledgerLines(ledger)].map((line) => adoptedRecord(treeFd, line));
    writeFileSync(`${ledger}.new`, Buffer.from(adopted.join(''), 'latin1'), { mode: 0o600 });
    renameSync(`${ledger}.new`, ledger);
  } finally {
    syscalls.close(treeFd);
  }
}

function adoptedRecord(treeFd: number, line: LedgerLine): string {
  const { uid = '-', gid = '-', path } = line;
  const fd = loadSyscalls().openat2(treeFd, Buffer.from(path, 'latin1'), {
    flags: PATH_FLAGS, resolve: RESOLVE.BENEATH | RESOLVE.NO_MAGICLINKS,
  });
  if (fd < 0) return '';
  try {
    const status = fstatSync(fd, { bigint: true });
    return isThere(line, status)
      ? `${uid} ${gid} ${status.ino} ${birthOf(status)} /${path}\0` : '';
  } finally {
    closeSync(fd);
  }
}

function parseRecord(text: string): LedgerLine[] {
  const [, uid, gid, inode, birth, path] = RECORD.exec(text) ?? [];
  if (inode === undefined || birth === undefined || path === undefined) return [];
  const number = (id: string | undefined): number | undefined =>
    id === '-' ? undefined : Number(id);
  return [{ uid: number(uid), gid: number(gid), inode, birth, path }];
}

function openLedger(ledger: string): number | undefined {
  try {
    return openSync(ledger, 'r');
  } catch {
    return undefined;
  }
}
