/**
 * A program, run as root of a user namespace: makes a tree of everything that files can be, packs
 * it with GNU tar in many ways, unpacks each archive with GNU tar and with this package, and
 * prints as JSON where the two trees differ. Arguments: a scratch directory, and
 * archives to compare instead.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync, createReadStream, linkSync, mkdirSync, openSync, rmSync, symlinkSync, truncateSync,
  writeFileSync, writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { loadSyscalls, MODE, succeed } from '@berth/host';
import { applyLayer } from '../src/index.ts';
import { reproduce } from './scratch-layer.ts';
import { describeTree } from './tree-manifest.ts';
import type { TreeNode } from './tree-manifest.ts';

const ATTRIBUTES = ['--xattrs', '--xattrs-include=*'];
const FORMATS: Record<string, string[]> = {
  gnu: ['--format=gnu'],
  oldgnu: ['--format=oldgnu'],
  ustar: ['--format=ustar'],
  v7: ['--format=v7'],
  pax: ['--format=posix', ...ATTRIBUTES],
  'gnu sparse': ['--format=gnu', '-S'],
  'pax sparse 0.0': ['--format=posix', '-S', '--sparse-version=0.0'],
  'pax sparse 0.1': ['--format=posix', '-S', '--sparse-version=0.1'],
  'pax sparse 1.0': ['--format=posix', '-S', '--sparse-version=1.0', ...ATTRIBUTES],
};

const [scratch = '', ...archives] = process.argv.slice(2);
void main().then((differences) => console.log(JSON.stringify(differences)));

async function main(): Promise<Record<string, unknown>> {
  const differences: Record<string, unknown> = {};
  for (const archive of archives) differences[archive] = await compare(archive);
  if (archives.length > 0) return differences;
  const source = join(scratch, 'source');
  makeTree(source);
  for (const [name, options] of Object.entries(FORMATS)) {
    const archive = join(scratch, 'archive.tar');
    // Old formats leave out what they can't say, and exit with 2: the archive is as good.
    spawnSync('tar', ['-C', source, ...options, '-cf', archive, '.']);
    differences[name] = await compare(archive);
  }
  return differences;
}

async function compare(archive: string): Promise<unknown[]> {
  const [ours, theirs] = [join(scratch, 'ours'), join(scratch, 'theirs')];
  mkdirSync(ours);
  mkdirSync(theirs);
  const keep = ['--numeric-owner', '--same-owner', ...ATTRIBUTES];
  spawnSync('tar', ['-C', theirs, '-xpf', archive, ...keep]);
  await unpackInto(ours, archive);
  const [left, right] = [describeTree(ours), withoutDevices(describeTree(theirs))];
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  rmSync(ours, { recursive: true });
  rmSync(theirs, { recursive: true });
  return [
    names.length > 20 ? [] : ['the archive holds too little', names],
    ...names.filter((name) => JSON.stringify(left[name]) !== JSON.stringify(right[name]))
      .map((name) => ({ name, ours: left[name], theirs: right[name] })),
  ].filter((item) => !Array.isArray(item) || item.length > 0);
}

/** Real root gets devices from GNU tar; a layer never has them. */
function withoutDevices(tree: Record<string, TreeNode>): Record<string, TreeNode> {
  return Object.fromEntries(Object.entries(tree).filter(([, { type }]) =>
    !type.startsWith('character') && type !== 'other'));
}

async function unpackInto(tree: string, archive: string): Promise<void> {
  const recipePath = join(scratch, 'recipe');
  const recipeFd = openSync(recipePath, 'w+');
  process.chdir(tree);
  const result = await applyLayer({ blob: createReadStream(archive), recipeFd });
  process.chdir(scratch);
  closeSync(recipeFd);
  const { length } = await reproduce(recipePath, tree);
  assert.equal(length, result.archiveBytes);
}

/** Owners, modes, times, attributes, links, holes, and names of every awkward sort. */
function makeTree(root: string): void {
  const syscalls = loadSyscalls();
  const at = (name: string): string => join(root, name);
  mkdirSync(root);
  for (const [name, mode] of [['plain', 0o755], ['sticky', 0o1777], ['setgid', 0o2755],
    ['closed', 0o500], ['secret', 0o0]] as const) {
    mkdirSync(at(name));
    writeFileSync(at(`${name}/file`), name);
    succeed(syscalls.lchown(at(name), 33, 34), 'chown', name);
    succeed(syscalls.chmod(at(name), mode), 'chmod', name);
  }
  for (const [index, mode] of [0o644, 0o4755, 0o2711, 0o6777, 0o0, 0o1644].entries()) {
    const name = at(`mode-${mode.toString(8)}`);
    writeFileSync(name, 'x'.repeat(index * 511));
    succeed(syscalls.lchown(name, index * 1000, 65534), 'chown', name);
    succeed(syscalls.chmod(name, mode), 'chmod', name);
  }
  writeFileSync(at('large'), Buffer.alloc(3_000_000, 'pattern'));
  makeSparse(at('sparse'));
  makeSparse(at(`${'long'.repeat(30)}-sparse`));
  truncateSync(makeEmpty(at('only-hole')), 1 << 20);
  makeLinks(at);
  makeNames(root);
  makeAttributes(at);
  makeTimes(at);
}

function makeSparse(path: string): void {
  const fd = openSync(path, 'w');
  for (let index = 0; index < 30; index += 1) writeSync(fd, `data ${index}`, index * 131072);
  closeSync(fd);
  truncateSync(path, 30 * 131072);
}

function makeEmpty(path: string): string {
  writeFileSync(path, '');
  return path;
}

function makeLinks(at: (name: string) => string): void {
  const syscalls = loadSyscalls();
  linkSync(at('large'), at('hard'));
  linkSync(at('large'), at('plain/hard'));
  symlinkSync('/etc/passwd', at('absolute'));
  symlinkSync('../../outside', at('plain/up'));
  symlinkSync('large', at('relative'));
  symlinkSync('t'.repeat(300), at('long-target'));
  linkSync(at('relative'), at('hard-to-link'));
  succeed(syscalls.lchown(at('absolute'), 12, 13), 'chown', 'absolute');
  succeed(syscalls.mknod(at('fifo'), MODE.FIFO | 0o640, 0), 'mknod', 'fifo');
}

function makeNames(root: string): void {
  const deep = join(root, 'd'.repeat(120), 'e'.repeat(120), 'f'.repeat(120));
  mkdirSync(deep, { recursive: true });
  for (const name of [' ', '-rf', 'new\nline', 'tab\t', 'back\\slash', 'größe', '.wh',
    'n'.repeat(255), 'n'.repeat(100), 'n'.repeat(99)]) {
    writeFileSync(join(root, 'plain', name), name);
    writeFileSync(join(deep, name.slice(0, 100)), 'deep');
  }
  for (let byte = 1; byte < 256; byte += 1) {
    if (byte === 0x2f || byte === 0x2e) continue;
    writeFileSync(Buffer.concat([Buffer.from(`${root}/plain/`), Buffer.from([byte])]), 'byte');
  }
  mkdirSync(join(root, 'x/'.repeat(100)), { recursive: true });
}

function makeAttributes(at: (name: string) => string): void {
  const syscalls = loadSyscalls();
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  writeFileSync(at('ping'), 'program');
  succeed(syscalls.lchown(at('ping'), 5, 6), 'chown', 'ping');
  succeed(syscalls.lsetxattr(at('ping'), 'security.capability', capability), 'setxattr', 'ping');
  succeed(syscalls.lsetxattr(at('ping'), 'user.binary', Buffer.from([0, 10, 61, 255])), 'set', 'x');
  succeed(syscalls.lsetxattr(at('plain'), 'user.on-directory', Buffer.from('y')), 'set', 'x');
}

/** Nanoseconds, before 1970, after 2038 and after 2106. */
function makeTimes(at: (name: string) => string): void {
  const syscalls = loadSyscalls();
  const times = { relative: [1, 1], large: [1_500_000_000, 123_456_789], fifo: [3, 999_999_999],
    'mode-644': [-1_000_000, 5], 'mode-0': [4_000_000_000, 1], sticky: [1_000_000_000, 7],
    plain: [2_200_000_000, 42] };
  for (const [name, [seconds = 0, nanoseconds = 0]] of Object.entries(times)) {
    const time = { seconds, nanoseconds };
    succeed(syscalls.lutimens(at(name), time, time), 'set time of', name);
  }
}
