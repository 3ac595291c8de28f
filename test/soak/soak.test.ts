/**
 * `pnpm soak [MINUTES]`: mixed commands for so long, and a thousand containers. At the end the
 * store is sound and no larger, nothing is left, and the supervisor that lived all the time holds
 * no more descriptors and no more memory than after its first minute.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';
import { giveCgroup, missingFreezer } from '../e2e/own-cgroup.ts';
import { archiveOf } from '../lab/images.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const minutes = Number(process.env['BERTH_SOAK_MINUTES'] ?? '30');
const thousand = Number(process.env['BERTH_SOAK_CONTAINERS'] ?? '1000');
const WORKERS = 4;
const BATCH = 25;
/** Sixteen pages: what the supervisor touches for the first time in a rare turn. */
const GROWTH_KIB = 64;
const timeoutMs = 300_000;
const DETACHED = ['run', '-d', '--network', 'none', '--stop-timeout', '0'];
const PROGRAM = ['sh', '-c', 'echo up; exec sleep 10000'];

async function ok(...args: string[]): Promise<string> {
  return lab.ok(args, { timeoutMs });
}

/** What one worker does in turn, each with names of its own: `own` is the worker's. */
const JOBS: Readonly<Record<string, (own: string) => Promise<void>>> = {
  'run --rm': async () => {
    assert.equal(await ok('run', '--rm', '--network', 'none', image, 'echo', 'hi'), 'hi');
  },
  'a whole life': async (own) => {
    await ok(...DETACHED, '--name', own, '-v', '/data', image, ...PROGRAM);
    assert.equal(await ok('exec', own, 'echo', 'in'), 'in');
    await ok('restart', own);
    await ok('rename', own, `${own}-more`);
    await ok('stop', `${own}-more`);
    assert.equal(await ok('wait', `${own}-more`), '137');
    await ok('start', `${own}-more`);
    await ok('kill', `${own}-more`);
    await ok('wait', `${own}-more`);
    assert.equal(await ok('logs', `${own}-more`), 'up\nup\nup');
    await ok('rm', '-v', `${own}-more`);
  },
  'run -d --rm': async (own) => {
    await ok(...DETACHED, '--rm', '--name', own, image, ...PROGRAM);
    await ok('rm', '-f', own);
  },
  volumes: async (own) => {
    await ok('run', '--rm', '--network', 'none', '-v', `${own}:/v`, image, 'touch', '/v/file');
    await ok('volume', 'inspect', own);
    await ok('volume', 'rm', own);
  },
  images: async (own) => {
    const name = `localhost/${own}:1`;
    const { archive } = archiveOf({ name, layers: [{ [`/${own}`]: own }] }, lab.folder);
    await ok('load', '-q', '-i', archive);
    await ok('tag', name, `localhost/${own}:2`);
    await ok('save', '-q', '-o', `${archive}.saved`, name);
    await ok('run', '--rm', '--network', 'none', name, 'cat', `/${own}`);
    await ok('rmi', name, `localhost/${own}:2`);
    for (const file of [archive, `${archive}.saved`]) rmSync(file);
  },
  'the long-lived': async () => {
    assert.equal(await ok('exec', 'lasting', 'echo', 'in'), 'in');
    await ok('exec', '-d', 'lasting', 'true');
    await ok('logs', '--tail', '1', 'lasting');
    await ok('inspect', 'lasting');
    await ok('top', 'lasting');
  },
  lists: async () => {
    for (const list of [['ps', '-a'], ['images'], ['volume', 'ls'], ['system', 'df']]) {
      await ok(...list);
    }
  },
};

/** The supervisor of the container that lives all the time. */
interface Held {
  readonly descriptors: number;
  readonly kib: number;
}

function heldBy(pid: string): Held {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    kib: Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1]),
  };
}

/** Files of the store and of the runtime folder, once what is left has been cleared away. */
async function countFiles(): Promise<number> {
  await ok('system', 'prune', '-f');
  return [path.join(lab.data, 'v1'), path.join(lab.runtime, 'berth')]
    .map((folder) => execFileSync('sh', ['-c', `find '${folder}' 2>/dev/null | wc -l`]))
    .reduce((sum, text) => sum + Number(text), 0);
}

/** Every worker does a job after the other until the time is over; answers how many. */
async function workUntil(deadline: number): Promise<number> {
  let done = 0;
  const jobs = Object.entries(JOBS);
  const workers = Array.from({ length: WORKERS }, async (_, worker) => {
    for (let turn = worker; performance.now() < deadline; turn++) {
      const [name = '', job] = jobs[turn % jobs.length] ?? [];
      await job?.(`worker${worker}`).catch((cause: unknown) => {
        throw new Error(`${name}, turn ${turn}`, { cause });
      });
      done += 1;
    }
  });
  await Promise.all(workers);
  return done;
}

test(`mixed commands for ${minutes} minutes`, async (context) => {
  const id = await ok(...DETACHED, '--name', 'lasting', image, ...PROGRAM);
  const supervisor = await ok('inspect', '-f', '{{.State.ConmonPid}}', 'lasting');
  if (missingFreezer === false) await giveCgroup(lab, 'lasting');
  const warmUpMs = Math.min(60_000, minutes * 6_000);
  await workUntil(performance.now() + warmUpMs);
  const [before_, files] = [heldBy(supervisor), await countFiles()];
  const done = await workUntil(performance.now() + minutes * 60_000 - warmUpMs);
  const [after_, filesAfter] = [heldBy(supervisor), await countFiles()];
  context.diagnostic(`${done} jobs; supervisor: ${JSON.stringify({ before_, after_ })}; `
    + `files: ${files} before, ${filesAfter} after`);
  assert.equal(after_.descriptors, before_.descriptors);
  assert.ok(after_.kib <= before_.kib + GROWTH_KIB, 'the supervisor grows');
  assert.equal(filesAfter, files);
  assert.equal(await ok('ps', '-aq', '--no-trunc'), id);
  await ok('rm', '-f', 'lasting');
  await ok('system', 'check');
});

test(`${thousand} containers are made, listed, started and removed`, async (context) => {
  await ok('rm', '-f', '--all');
  const names = Array.from({ length: thousand }, (_, index) => `many${index}`);
  const timed = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    const begin = performance.now();
    await act();
    context.diagnostic(`${what}: ${(performance.now() - begin).toFixed(0)} ms`);
  };
  await timed('create', async () => inTurns(names, 1, async ([name = '']) =>
    ok('create', '--network', 'none', '--stop-timeout', '0', '--name', name, image, ...PROGRAM)));
  await timed('ps -a', async () =>
    assert.equal((await ok('ps', '-aq')).split('\n').length, thousand));
  await timed('start', async () => inTurns(names, BATCH, async (batch) => ok('start', ...batch)));
  await timed('ps', async () => assert.equal((await ok('ps', '-q')).split('\n').length, thousand));
  await timed('exec', async () => ok('exec', `many${thousand - 1}`, 'true'));
  await timed('system check', async () => ok('system', 'check', '--quick'));
  await timed('rm -f', async () =>
    inTurns(names, BATCH, async (batch) => ok('rm', '-f', ...batch)));
  assert.equal(await ok('ps', '-aq'), '');
  await ok('system', 'check');
});

/** All names, so many to each command, some commands at once. */
async function inTurns(
  names: readonly string[], size: number, act: (batch: readonly string[]) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: WORKERS }, async () => {
    while (next < names.length) {
      const batch = names.slice(next, next + size);
      next += size;
      await act(batch);
    }
  }));
}
