/** Volumes, credentials, and the commands that look at everything. */
import assert from 'node:assert/strict';
import {
  mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Lab } from '../e2e/harness.ts';
import { create, EXTRA, loaded, type Ground, type Scenarios } from './ground.ts';

const hostOf = ({ remote }: Ground): string => remote.replace(/\/.*/, '');
const login = (ground: Ground): string[] =>
  ['login', '--tls-verify=false', '-u', 'ann', '-p', 'pw', hostOf(ground)];

function authFolder({ lab }: Ground): string {
  return path.join(lab.runtime, 'containers');
}

/** The auth file has credentials for another registry, with a field of another program's. */
async function knowsOther(ground: Ground): Promise<void> {
  const other = { auths: { 'other.test': { auth: 'Ym9iOnB3', email: 'bob' } } };
  mkdirSync(authFolder(ground), { recursive: true });
  writeFileSync(path.join(authFolder(ground), 'auth.json'), JSON.stringify(other));
}

/** Whatever was left: the registry can be forgotten, the other is known, no secret lies about. */
async function forgets(ground: Ground): Promise<void> {
  await ground.lab.ok(login(ground));
  await ground.lab.ok(['logout', hostOf(ground)]);
  assert.deepEqual(readdirSync(authFolder(ground)), ['auth.json']);
  const kept: unknown = JSON.parse(
    readFileSync(path.join(authFolder(ground), 'auth.json'), 'utf8'));
  assert.deepEqual(kept, { auths: { 'other.test': { auth: 'Ym9iOnB3', email: 'bob' } } });
  rmSync(authFolder(ground), { recursive: true });
}

export const STORE_SCENARIOS: Scenarios = {
  'volume create': {
    calls: 15,
    args: () => ['volume', 'create', 'v'],
    next: async ({ lab }) => {
      await lab.ok(['volume', 'create', '--ignore', 'v']);
    },
  },
  'volume rm': {
    calls: 40,
    prepare: async ({ lab }) => {
      await lab.ok(['volume', 'create', 'v']);
    },
    args: () => ['volume', 'rm', 'v'],
    next: async ({ lab }) => {
      await lab.ok(['volume', 'create', '--ignore', 'v']);
    },
  },
  'volume prune': {
    calls: 40,
    prepare: async ({ lab }) => {
      await lab.ok(['volume', 'create', 'v']);
      await lab.ok(['volume', 'create', 'w']);
    },
    args: () => ['volume', 'prune', '-f'],
    next: async ({ lab }) => {
      await lab.ok(['volume', 'create', '--ignore', 'v']);
      await lab.ok(['volume', 'prune', '-f', '--all']);
      await lab.ok(['volume', 'create', 'v']);
    },
  },
  login: {
    calls: 20,
    needs: 'registry',
    prepare: knowsOther,
    args: login,
    next: async (ground) => {
      await ground.lab.ok(login(ground));
      assert.equal(await ground.lab.ok(['login', '--get-login', hostOf(ground)]), 'ann');
      await forgets(ground);
    },
  },
  logout: {
    calls: 20,
    needs: 'registry',
    prepare: async (ground) => {
      await knowsOther(ground);
      await ground.lab.ok(login(ground));
    },
    args: (ground) => ['logout', hostOf(ground)],
    next: forgets,
  },
  'system check --repair': {
    calls: 120,
    prepare: async (ground) => {
      const { lab } = ground;
      await loaded(ground);
      await create(ground);
      await lab.ok(['volume', 'create', 'v']);
      spoil(lab);
    },
    args: () => ['system', 'check', '--repair', '--force'],
    next: async (ground) => {
      await ground.lab.ok(['system', 'check', '--repair', '--force']);
      await ground.lab.ok(['system', 'check']);
      await loaded(ground);
    },
  },
  'system prune': {
    calls: 120,
    prepare: async (ground) => {
      await loaded(ground);
      await ground.lab.ok(['untag', EXTRA]);
      await create(ground);
      await ground.lab.ok(['volume', 'create', 'v']);
    },
    args: () => ['system', 'prune', '-f', '--volumes'],
    next: loaded,
  },
};

/** Of everything that a repair mends or gives up there is one: the base image stays sound. */
function spoil(lab: Lab): void {
  const data = path.join(lab.data, 'v1');
  rmSync(path.join(data, 'volumes/v/record.json'));
  symlinkSync('1'.repeat(64), path.join(data, 'images/names/localhost+nothing:1'));
  symlinkSync('2'.repeat(64), path.join(data, 'containers/names/nobody'));
  const container = readlinkSync(path.join(data, 'containers/names/c'));
  writeFileSync(path.join(data, 'containers', container, 'spec.json'), '{');
  const extra = readlinkSync(path.join(data, 'images/names', EXTRA.replace('/', '+')));
  writeFileSync(path.join(data, 'images', extra, 'record.json'), '');
}
