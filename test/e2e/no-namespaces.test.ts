/**
 * Where the kernel makes no user namespace (a sysctl, AppArmor, the seccomp filter of a CI system),
 * images can still be pulled, loaded, checked, saved and pushed, with true owners; containers are
 * refused before anything is pulled for them. Afterwards the store is as good as any.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { execute, type Result } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const FORBID = 'echo 0 >/proc/sys/user/max_user_namespaces';
const NO_RIGHTS = 'exec setpriv --ambient-caps=-all --inh-caps=-all';
/** Root of a container with all of its ids, and a user without any right. */
const AS = {
  root: ['--map-root-user', '--map-auto', 'exec'],
  user: ['--map-current-user', '--keep-caps', NO_RIGHTS],
};
const NAMES = ['shadow', 'sudo', 'app', 'app/file', 'app/link', 'app/locked'];
const archive = path.join(lab.folder, 'image.tar');
let layer: Buffer;

/** A script of sh where no user namespace can be made, with a store of its own. */
async function without(who: keyof typeof AS, script: string): Promise<Result> {
  const flags = AS[who].slice(0, -1);
  const berth = lab.command.map((word) => `'${word}'`).join(' ');
  const whole = `berth() { ${berth} --root '${lab.folder}/store-${who}' "$@"; }\n${script}`;
  return execute(['unshare', '--user', ...flags, 'sh', '-euc',
    `${FORBID}\n${AS[who].at(-1)} "$@"`, 'sh', 'sh', '-euc', whole], {
    env: lab.environment, cwd: lab.folder, timeoutMs: 120_000,
  });
}

async function ok(who: keyof typeof AS, script: string): Promise<string> {
  const { status, stdout, stderr } = await without(who, script);
  assert.equal(status, 0, `${script}\n${stdout}\n${stderr}`);
  return stdout.trim();
}

/** A docker-archive whose layer has owners, and files that their owner may not read or write. */
before(() => {
  const tree = path.join(lab.folder, 'tree');
  mkdirSync(path.join(tree, 'app'), { recursive: true });
  for (const name of ['shadow', 'sudo', 'app/file', 'app/locked']) {
    writeFileSync(path.join(tree, name), `content of ${name}\n`);
  }
  execFileSync('ln', ['-s', 'file', path.join(tree, 'app/link')]);
  const parts = [['root:0', 'shadow:42', '0000', 'shadow'], ['root:0', 'root:0', '4111', 'sudo'],
    ['user:1000', 'user:1000', '0555', 'app'], ['user:1000', 'user:1000', '0444', 'app/file'],
    ['user:1000', 'user:1000', '0777', 'app/link'], ['x:33', 'x:33', '0000', 'app/locked']];
  const tar = path.join(lab.folder, 'layer.tar');
  for (const [owner, group, mode, name] of parts) {
    execFileSync('tar', ['--no-recursion', '-C', tree, `--owner=${owner}`, `--group=${group}`,
      `--mode=${mode}`, '--mtime=@1704067200', '-rf', tar, name ?? '']);
  }
  packArchive(tar);
});

function packArchive(tar: string): void {
  const folder = path.join(lab.folder, 'archive');
  mkdirSync(folder);
  layer = readFileSync(tar);
  const diffId = execFileSync('sha256sum', [tar], { encoding: 'utf8' }).slice(0, 64);
  execFileSync('cp', [tar, path.join(folder, 'layer.tar')]);
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] }, history: [],
  }));
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify([
    { Config: 'config.json', RepoTags: ['localhost/odd:latest'], Layers: ['layer.tar'] }]));
  execFileSync('tar', ['-C', folder, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
}

for (const who of ['user', 'root'] as const) {
  const skip = { skip: who === 'root' && missing.subordinateIds };

  test(`${who}: images are loaded, checked and saved, byte for byte`, skip, async () => {
    await ok(who, `berth load -q -i '${archive}'`);
    assert.match(await ok(who, 'berth system check'), /nothing is wrong/);
    await ok(who, `berth save -q -o ${who}.tar odd`);
    const saved = readFileSync(path.join(lab.folder, `${who}.tar`));
    assert.ok(saved.includes(layer), 'the saved archive holds the layer as it was');
    assert.deepEqual(await modes(who), ['0', '4111', '555', '444', '777', '0']);
  });

  test(`${who}: a container is refused before an image is pulled for it`, skip, async () => {
    for (const command of ['run --rm', 'create']) {
      const { status, stderr } = await without(who, `berth ${command} registry.invalid/x true`);
      assert.equal(status, 125);
      assert.match(stderr, /^Error: create container: create user namespace: user\.max_user_/);
      assert.match(stderr, /\nhint: run: berth doctor\n$/);
    }
    const doctor = await without(who, 'berth doctor --quiet');
    assert.equal(doctor.status, 2);
    assert.match(doctor.stdout, /^blocked .*user\.max_user_namespaces allows no more$/m);
    assert.match(doctor.stdout, /echo user\.max_user_namespaces=\d+ >/);
    assert.doesNotMatch(doctor.stdout, /copies of their images/);
  });

  test(`${who}: what was unpacked is removed, read-only folders too`, skip, async () => {
    await ok(who, 'berth rmi --all');
    assert.equal(await ok(who, `ls '${lab.folder}/store-${who}/layers'`), '');
  });
}

/** The modes of the files of the one layer. */
async function modes(who: keyof typeof AS): Promise<string[]> {
  const words = NAMES.map((name) => `'${name}'`).join(' ');
  const script = `cd '${lab.folder}'/store-${who}/layers/*/fs; stat -c %a ${words}`;
  return (await ok(who, script)).split('\n');
}

test('once namespaces can be made, the store chooses anew: images run', async () => {
  const { archive: busybox, name } = archiveOf({}, lab.folder);
  await ok('user', `berth load -q -i '${busybox}'`);
  const root = ['--root', `${lab.folder}/store-user`];
  const driver = ['info', '--format', '{{.Store.GraphDriverName}}'];
  assert.equal(await lab.ok([...root, ...driver]), 'copy');
  if (missing.subordinateIds === false) {
    const refused = await lab.berth([...root, 'run', '--rm', '--network=none', name, 'true']);
    assert.match(refused.stderr, /unpacked under the ids u0:[^]*berth rmi --all/);
  } else {
    await lab.ok([...root, 'run', '--rm', '--network=none', name, 'true']);
  }
  await lab.ok([...root, 'rmi', '--all']);
  await lab.ok([...root, 'load', '-q', '-i', busybox]);
  assert.equal(await lab.ok([...root, ...driver]), 'overlay');
  assert.equal(await lab.ok([...root, 'run', '--rm', '--network=none', name, 'id', '-u']), '0');
});
