/**
 * Loaded into a child process before anything else: node:fs kills the process, or reports a full
 * disk, at the state-changing call whose number the environment gives. A kill comes in the middle
 * of the call where it has one: half the bytes are written, part of the tree is removed.
 */
import fs, { type PathLike } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

type Call = (...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

const MAKING = [
  'mkdirSync', 'openSync', 'writeSync', 'fsyncSync', 'symlinkSync', 'linkSync', 'mkdir', 'fsync',
];
const CHANGING = [
  'mkdirSync', 'openSync', 'writeSync', 'fsyncSync', 'symlinkSync', 'linkSync', 'renameSync',
  'unlinkSync', 'rmSync', 'rmdirSync', 'chmodSync', 'ftruncateSync',
];
/** Asynchronous calls: of the lock library, and fsync of a download. */
const ASYNCHRONOUS = ['mkdir', 'rmdir', 'fsync'];

const killAt = Number(process.env['KILL_AT'] ?? 0);
const fullAt = Number(process.env['FULL_AT'] ?? 0);
const calls = fs as unknown as Calls;
const original: Calls = { ...calls };
let count = 0;

for (const name of [...CHANGING, ...ASYNCHRONOUS]) calls[name] = watched(name);
syncBuiltinESMExports();
process.on('exit', () => {
  original['writeSync']?.(1, `calls ${count}\n`);
});

function watched(name: string): Call {
  return (...args) => {
    if (!isChange(name, args)) return original[name]?.(...args);
    count += 1;
    if (count === killAt) die(name, args);
    const isFull = fullAt > 0 && count >= fullAt && needsSpace(name, args);
    return isFull ? fail(name, args) : original[name]?.(...args);
  };
}

/** A directory that is there already needs none. */
function needsSpace(name: string, args: readonly unknown[]): boolean {
  const isThere = name.startsWith('mkdir') && fs.existsSync(args[0] as PathLike);
  return MAKING.includes(name) && !isThere;
}

/** Opening for reading changes nothing; nor does writing to standard output. */
function isChange(name: string, args: readonly unknown[]): boolean {
  if (name === 'writeSync') return Number(args[0]) > 2;
  if (name !== 'openSync') return true;
  const flags = args[1];
  return typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : flags !== 'r';
}

function die(name: string, args: readonly unknown[]): never {
  if (name === 'writeSync') {
    const bytes = args[1] as Uint8Array;
    original['writeSync']?.(args[0], bytes.subarray(0, bytes.length >> 1));
  }
  if (name === 'rmSync') removeFirstEntry(args[0] as PathLike);
  process.kill(process.pid, 'SIGKILL');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}

function removeFirstEntry(path: PathLike): void {
  try {
    const [first] = fs.readdirSync(path);
    if (first !== undefined) {
      original['rmSync']?.(join(String(path), first), { recursive: true, force: true });
    }
  } catch {
    // A file, or nothing: its removal has no middle.
  }
}

/** Synchronous calls throw, others tell their callback. */
function fail(name: string, args: readonly unknown[]): void {
  if (!ASYNCHRONOUS.includes(name)) throw full(name, args);
  const callback = args.at(-1) as (error: Error) => void;
  process.nextTick(() => callback(full(name, args)));
}

function full(name: string, args: readonly unknown[]): Error {
  const error = new Error(`ENOSPC: no space left on device, ${name} '${String(args[0])}'`);
  return Object.assign(error, { code: 'ENOSPC', errno: -28, syscall: name });
}
