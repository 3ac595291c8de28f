/**
 * Races on the start of containers: another container, on a volume that both have, swaps what is
 * about to be a mount's target for a link to the host.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';
import { program, SWAP } from './programs.ts';

const STARTS = 25;
const lab = openLab();
const outside = path.join(lab.home, 'outside');
let image = '';
let swap = '';

before(async () => {
  image = await lab.image();
  swap = program(lab, 'swap', SWAP);
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'file'), 'mine');
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** Starts containers while `shared/target` of the volume is a folder and a link by turns. */
async function whileSwapping(name: string, start: (round: number) => Promise<unknown>) {
  const setUp = `cd /shared; mkdir -p target; ln -s ${outside} link; /swap target link`;
  await lab.ok(['run', '-d', '--name', name, '--network', 'none', '-v', `${name}:/shared`,
    '-v', `${swap}:/swap:ro`, image, 'sh', '-c', setUp]);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  for (let round = 0; round < STARTS; round++) await start(round);
  assert.equal(readFileSync('/proc/self/mountinfo', 'utf8'), mounts);
  assert.deepEqual(readdirSync(outside), ['file']);
  assert.equal(readFileSync(path.join(outside, 'file'), 'utf8'), 'mine');
  await lab.ok(['rm', '-f', '-t', '0', '-v', name]);
}

test('CVE-2021-30465: a mount target swapped for a link stays below the root', async () => {
  const seen: string[] = [];
  await whileSwapping('swapper', async () => {
    const { stdout } = await lab.berth(['run', '--rm', '--network', 'none', '-v', 'swapper:/shared',
      '--tmpfs', '/shared/target', image, 'sh', '-c', `ls ${outside} 2>/dev/null`]);
    seen.push(stdout);
  });
  assert.ok(seen.every((text) => !text.includes('file')), 'the folder of the host is not seen');
});

test('CVE-2024-45310: no folders or files appear on the host where targets are made', async () => {
  await whileSwapping('maker', async (round) => {
    await lab.berth(['run', '--rm', '--network', 'none', '-v', 'maker:/shared',
      '-v', `${lab.home}:/shared/target/made-${round}/deep:ro`,
      '-v', `${swap}:/shared/target/file-${round}:ro`, image, 'true']);
  });
});

test('CVE-2025-52565, CVE-2025-52881: terminals and sysctls keep to the container while it races',
  async () => {
    const forwarding = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
    await whileSwapping('racer', async (round) => {
      if (round > 7) return;
      const { stdout } = await lab.terminal(['run', '--rm', '-t', '--network', 'none',
        '-v', 'racer:/shared', '--sysctl', 'net.ipv4.ip_forward=1', '-w', '/shared/target/work',
        image, 'sh', '-c', 'stat -c %t /dev/console; tty; cat /proc/sys/net/ipv4/ip_forward']);
      const isRefused = /^Error: enter working directory "\/shared\/target\/work": /.test(stdout);
      if (!isRefused) assert.match(stdout, /^88\r?\n\/dev\/pts\/0\r?\n1\r?\n$/);
    });
    assert.equal(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'), forwarding);
  });
