/**
 * Faults: full disks, read-only homes, no runtime folder, kill -9 of everything, a reboot. After
 * each the next command works and nothing is lost or left.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

async function stateOf(name: string): Promise<string> {
  return lab.ok(['inspect', '--type', 'container', '-f', '{{.State.Status}}', name]);
}

async function supervisorOf(name: string): Promise<number> {
  return Number(await lab.ok(['inspect', '-f', '{{.State.ConmonPid}}', name]));
}

test('kill -9 of the supervisor ends the container, and the next commands say so', async () => {
  await lab.ok(['run', '-d', '--name', 'orphaned', image, 'sleep', '1000']);
  const init = Number(await lab.ok(['inspect', '-f', '{{.State.Pid}}', 'orphaned']));
  process.kill(await supervisorOf('orphaned'), 'SIGKILL');
  for (let left = 40; existsSync(`/proc/${init}`) && left > 0; left--) await sleep(50);
  assert.ok(!existsSync(`/proc/${init}`), 'the container has ended with its supervisor');
  // The supervisor itself may take a moment longer than what was in its pid namespace.
  const ended = /unknown|exited/;
  for (let left = 40; !ended.test(await stateOf('orphaned')) && left > 0; left--) await sleep(50);
  assert.match(await stateOf('orphaned'), ended);
  assert.match(await lab.ok(['ps', '-a', '--filter', 'name=orphaned']), /Exited/);
  await lab.ok(['start', 'orphaned']);
  assert.equal(await stateOf('orphaned'), 'running');
  await lab.ok(['rm', '-f', '-t', '0', 'orphaned']);
});

test('a container of run --rm whose supervisor was killed starts again', async () => {
  await lab.ok(['run', '-d', '--rm', '--name', 'again', image, 'sleep', '1000']);
  process.kill(await supervisorOf('again'), 'SIGKILL');
  const ended = /unknown|exited/;
  for (let left = 40; !ended.test(await stateOf('again')) && left > 0; left--) await sleep(50);
  await lab.ok(['start', 'again']);
  assert.equal(await stateOf('again'), 'running');
  await lab.ok(['rm', '-f', '-t', '0', 'again']);
});

test('kill -9 of a foreground client leaves the container running', async () => {
  const script = 'echo up; sleep 1000';
  const started = lab.start(['run', '--name', 'survivor', image, 'sh', '-c', script]);
  await started.seen(/up/);
  started.child.kill('SIGKILL');
  await started.finished.catch(() => undefined);
  assert.equal(await stateOf('survivor'), 'running');
  await lab.ok(['rm', '-f', '-t', '0', 'survivor']);
});

test('kill -9 of create and rm at many moments: the store stays usable', async () => {
  for (let delayMs = 4; delayMs < 60; delayMs += 7) {
    const creating = lab.start(['create', '--name', 'torn', image, 'true']);
    setTimeout(() => creating.child.kill('SIGKILL'), delayMs);
    await creating.finished.catch(() => undefined);
    const removing = lab.start(['rm', '-f', 'torn']);
    setTimeout(() => removing.child.kill('SIGKILL'), delayMs);
    await removing.finished.catch(() => undefined);
    await lab.ok(['ps', '-a']);
    await lab.ok(['rm', '-f', 'torn']);
    assert.equal((await lab.berth(['container', 'exists', 'torn'])).status, 1);
  }
  await lab.ok(['create', '--name', 'torn', image, 'true']);
  await lab.ok(['rm', 'torn']);
});

test('kill -9 of run --rm at many moments leaves nothing that the next command keeps', async () => {
  for (let delayMs = 5; delayMs < 90; delayMs += 12) {
    const running = lab.start(['run', '--rm', image, 'sleep', '0.05']);
    setTimeout(() => running.child.kill('SIGKILL'), delayMs);
    await running.finished.catch(() => undefined);
  }
  // A supervisor whose client was killed lets its container end by itself.
  for (let left = 100; await lab.ok(['ps', '-q']) !== '' && left > 0; left--) await sleep(50);
  await lab.ok(['system', 'prune', '-f']);
  assert.equal(await lab.ok(['ps', '-aq']), '');
});

test('a container that was to go with its run, and could not, gives its name back', async () => {
  const run = ['run', '-d', '--rm', '--name', 'brief', '-v', '/data', image, 'sleep', '1000'];
  await lab.ok(run);
  const supervisor = await supervisorOf('brief');
  process.kill(supervisor, 'SIGKILL');
  for (let left = 200; existsSync(`/proc/${supervisor}`) && left > 0; left--) await sleep(50);
  const id = await lab.ok(run);
  assert.equal(await lab.ok(['ps', '-aq', '--no-trunc']), id);
  assert.notEqual((await lab.berth(run)).status, 0, 'the name of what runs is taken');
  await lab.ok(['rm', '-f', '-t', '0', 'brief']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('a reboot: what was recorded as running has ended, and starts again', async () => {
  await lab.ok(['run', '-d', '--name', 'rebooted', image, 'sleep', '1000']);
  const folder = path.join(lab.data, 'v1/containers', await lab.ok(['ps', '-q', '--no-trunc']));
  const supervisor = await supervisorOf('rebooted');
  process.kill(supervisor, 'SIGKILL');
  for (let left = 200; existsSync(`/proc/${supervisor}`) && left > 0; left--) await sleep(50);
  // As after a boot: another boot id in the facts, and an empty runtime folder.
  const [run = ''] = readdirSync(path.join(folder, 'runs'));
  for (const file of ['summary', `runs/${run}/facts`].map((name) => path.join(folder, name))) {
    const text = readFileSync(file, 'utf8');
    const bootId = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
    writeFileSync(file, text.replace(bootId, '00000000-0000-4000-8000-000000000000'));
  }
  rmSync(path.join(lab.runtime, 'berth'), { recursive: true });
  assert.match(await lab.ok(['ps', '-a', '--filter', 'name=rebooted']), /Exited/);
  await lab.ok(['start', 'rebooted']);
  assert.equal(await stateOf('rebooted'), 'running');
  await lab.ok(['rm', '-f', '-t', '0', 'rebooted']);
});

test('without XDG_RUNTIME_DIR everything works', async () => {
  const runtime = false as const;
  const args = ['run', '-d', '--name', 'elsewhere', image, 'sleep', '100'];
  const id = (await lab.berth(args, { runtime })).stdout;
  assert.match(id, /^[0-9a-f]{64}$/m);
  assert.equal((await lab.berth(['exec', 'elsewhere', 'echo', 'hi'], { runtime })).stdout, 'hi\n');
  assert.equal((await lab.berth(['rm', '-f', '-t', '0', 'elsewhere'], { runtime })).status, 0);
});

test("a home that can't be written is named", async () => {
  const home = path.join(lab.folder, 'readonly');
  mkdirSync(home);
  chmodSync(home, 0o555);
  const { status, stderr } = await lab.berth(['run', '--rm', 'hello'], { env: { HOME: home } });
  assert.equal(status, 125);
  assert.match(stderr, /readonly\/?.*permission denied/);
  assert.doesNotMatch(stderr, /bug/);
});

test('a damaged record does not keep others from being listed', async () => {
  await lab.ok(['create', '--name', 'fine', image, 'true']);
  const id = await lab.ok(['create', '--name', 'damaged', image, 'true']);
  const folder = path.join(lab.data, 'v1/containers', id);
  writeFileSync(path.join(folder, 'config.json'), '{"version":');
  assert.match(await lab.ok(['ps', '-a']), /fine/);
  assert.match(await lab.ok(['ps', '-a', '--size']), /fine/);
  const { status, stderr } = await lab.berth(['start', 'damaged']);
  assert.equal(status, 125);
  assert.match(stderr, /config\.json/);
  assert.doesNotMatch(stderr, /bug/);
  await lab.ok(['rm', '-f', 'damaged', 'fine']);
});

test('a layer that went away is named, with the way out', async () => {
  const gone = await lab.image({ name: 'localhost/gone:1', layers: [{ only: 'here' }] });
  const layers = path.join(lab.data, 'v1/layers');
  const kept = readdirSync(layers);
  await lab.ok(['run', '--rm', gone, 'true']);
  for (const name of kept)
    renameSync(path.join(layers, name), path.join(lab.home, `moved-${name}`));
  const { status, stderr } = await lab.berth(['run', '--rm', gone, 'true']);
  for (const name of kept)
    renameSync(path.join(lab.home, `moved-${name}`), path.join(layers, name));
  assert.equal(status, 125);
  assert.match(stderr, /layer[\s\S]*hint: berth pull/);
});

test(
  'a full disk is named, and after room is made everything works',
  {
    skip: missing.smallDisk,
  },
  async () => {
    const small = mkdtempSync(path.join(process.env['BERTH_TEST_SMALL_DISK'] ?? '', 'home-'));
    const env = { HOME: small };
    const { archive } = archiveOf({ layers: [{ big: 'x'.repeat(6_000_000) }] }, lab.folder);
    const { status, stderr } = await lab.berth(['load', '-q', '-i', archive], { env });
    assert.equal(status, 125);
    assert.match(stderr, /no space left/i);
    assert.doesNotMatch(stderr, /bug/);
    await lab.ok(['run', '--rm', 'hello'], { env });
    // Its folder is removed when nobody waits any more, and would make room.
    const trash = path.join(small, '.local/share/berth/v1/trash');
    for (let left = 200; left > 0 && readdirSync(trash).length > 0; left -= 1) await sleep(50);
    assert.throws(
      () => writeFileSync(path.join(small, 'filler'), Buffer.alloc(8_000_000)),
      /ENOSPC/,
    );
    const full = await lab.berth(['run', '--rm', 'hello'], { env });
    assert.equal(full.status, 125);
    assert.match(full.stderr, /no space left/i);
    mkdirSync(path.join(small, 'new'));
    const doctor = await lab.berth(['doctor', '-q'], { env: { HOME: path.join(small, 'new') } });
    assert.match(doctor.stdout, /0\.0 GiB are free[^]*prune[^]*export XDG_DATA_HOME=/);
    assert.doesNotMatch(doctor.stdout, /driver/);
    rmSync(path.join(small, 'filler'));
    assert.match(await lab.ok(['run', '--rm', 'hello'], { env }), /Hello/);
    await lab.ok(['system', 'reset', '-f'], { env });
  },
);

test("what can't be saved for want of room leaves no folder behind",
  { skip: missing.smallDisk }, async () => {
    const small = mkdtempSync(path.join(process.env['BERTH_TEST_SMALL_DISK'] ?? '', 'saved-'));
    const big = randomBytes(8_000_000).toString('base64');
    const name = await lab.image({ name: 'localhost/large:1', busybox: false, layers: [{ big }] });
    for (const format of ['oci-dir', 'docker-dir']) {
      const output = path.join(small, format);
      const save = ['save', '-q', '--format', format, '-o', output, name];
      const { status, stderr } = await lab.berth(save);
      assert.equal(status, 125);
      assert.match(stderr, /^Error: write "\/.*-dir\/.*": no space left/, format);
      assert.deepEqual(readdirSync(small), []);
    }
    await lab.ok(['rmi', name]);
    rmSync(small, { recursive: true });
  },
);
