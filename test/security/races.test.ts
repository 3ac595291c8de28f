/**
 * Races with a container that swaps a folder and a file for links to the host: on the start of
 * another container, on a volume that both have, and on what reads or writes the files from
 * outside.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { archive } from '@berth/testing';
import { execute } from '../e2e/execute.ts';
import { openLab } from '../e2e/harness.ts';
import { program, SWAP } from './programs.ts';

const STARTS = 25;
const ARCHIVES = 10;
const SECRET = 'of the host alone';
const lab = openLab();
const outside = path.join(lab.home, 'outside');
let image = '';
let swap = '';

before(async () => {
  image = await lab.image();
  swap = program(lab, 'swap', SWAP);
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'file'), SECRET);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/**
 * Calls `act` while `/shared/target` is a folder and a link by turns, and `/shared/file` a file and
 * a link. Whatever it does, nothing of the host changes.
 */
async function whileSwapping(
  { name, rounds, isVolume = true }: { name: string; rounds: number; isVolume?: boolean },
  act: (round: number) => Promise<unknown>,
) {
  const place = isVolume ? ['-v', `${name}:/shared`] : [];
  const setUp = `mkdir -p /shared; cd /shared; mkdir target kept; ln -s ${outside} link; ` +
    `echo own >file; ln -s ${outside}/file file-link; /swap file file-link & /swap target link`;
  await lab.ok(['run', '-d', '--name', name, '--network', 'none', ...place,
    '-v', `${swap}:/swap:ro`, image, 'sh', '-c', setUp]);
  await lab.ok(['exec', name, 'sh', '-c', 'until [ -L /shared/file-link ]; do sleep 0.05; done']);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  for (let round = 0; round < rounds; round++) await act(round);
  assert.equal(readFileSync('/proc/self/mountinfo', 'utf8'), mounts);
  assert.deepEqual(readdirSync(outside), ['file']);
  assert.equal(readFileSync(path.join(outside, 'file'), 'utf8'), SECRET);
  await lab.ok(['rm', '-f', '-t', '0', '-v', name]);
}

test('CVE-2021-30465: a mount target swapped for a link stays below the root', async () => {
  const seen: string[] = [];
  await whileSwapping({ name: 'swapper', rounds: STARTS }, async () => {
    const { stdout } = await lab.berth(['run', '--rm', '--network', 'none', '-v', 'swapper:/shared',
      '--tmpfs', '/shared/target', image, 'sh', '-c', `ls ${outside} 2>/dev/null`]);
    seen.push(stdout);
  });
  assert.ok(seen.every((text) => !text.includes('file')), 'the folder of the host is not seen');
});

test('CVE-2024-45310: no folders or files appear on the host where targets are made', async () => {
  await whileSwapping({ name: 'maker', rounds: STARTS }, async (round) => {
    await lab.berth(['run', '--rm', '--network', 'none', '-v', 'maker:/shared',
      '-v', `${lab.home}:/shared/target/made-${round}/deep:ro`,
      '-v', `${swap}:/shared/target/file-${round}:ro`, image, 'true']);
  });
});

test('CVE-2025-52565, CVE-2025-52881: terminals and sysctls keep to the container while it races',
  async () => {
    const forwarding = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
    await whileSwapping({ name: 'racer', rounds: 8 }, async () => {
      const { stdout } = await lab.terminal(['run', '--rm', '-t', '--network', 'none',
        '-v', 'racer:/shared', '--sysctl', 'net.ipv4.ip_forward=1', '-w', '/shared/target/work',
        image, 'sh', '-c', 'stat -c %t /dev/console; tty; cat /proc/sys/net/ipv4/ip_forward']);
      const isRefused = /^Error: enter working directory "\/shared\/target\/work": /.test(stdout);
      if (!isRefused) assert.match(stdout, /^88\r?\n\/dev\/pts\/0\r?\n1\r?\n$/);
    });
    assert.equal(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'), forwarding);
  });

/** The archive is whole, and nothing in it is the host's. */
async function assertOwn(file: string): Promise<void> {
  const { status, stdout, stderr } = await execute(['tar', '-xOf', file], {});
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stdout, new RegExp(SECRET));
}

test('CVE-2023-0778: an export of a volume takes nothing of the host while it races', async () => {
  const file = path.join(lab.folder, 'volume.tar');
  await whileSwapping({ name: 'exported', rounds: ARCHIVES }, async () => {
    await lab.ok(['volume', 'export', '-o', file, 'exported']);
    await assertOwn(file);
  });
});

test('CVE-2025-11395: an import into a volume writes nothing on the host while it races',
  async () => {
    const file = path.join(lab.folder, 'import.tar');
    writeFileSync(file, archive(
      { name: 'target/made', body: 'evil' }, { name: 'file', body: 'evil' },
      { name: 'target/', flag: '5', mode: 0o777 },
      { name: 'h', flag: '1', linkName: 'target/file' },
    ));
    await whileSwapping({ name: 'imported', rounds: ARCHIVES }, async () => {
      const { status, stderr } = await lab.berth(['volume', 'import', 'imported', file]);
      if (status !== 0) assert.match(stderr, /^Error: import into volume "imported": /);
    });
  });

test('CVE-2023-0778: an export and a commit take nothing of the host while they race', async () => {
  const file = path.join(lab.folder, 'container.tar');
  const saved = path.join(lab.folder, 'saved.tar');
  await whileSwapping({ name: 'source', rounds: 4, isVolume: false }, async () => {
    await lab.ok(['export', '-o', file, 'source']);
    await assertOwn(file);
    await lab.ok(['commit', '-q', '--pause=false', 'source', 'localhost/raced:1']);
    await lab.ok(['save', '-q', '-o', saved, 'localhost/raced:1']);
    const { stdout } = await execute(['sh', '-c', `tar -xOf ${saved} --wildcards '*.tar' |
      grep -aoE 'shared/kept|${SECRET}' | sort -u`], {});
    rmSync(saved);
    assert.equal(stdout, 'shared/kept\n');
    await lab.ok(['rmi', 'localhost/raced:1']);
  });
});
