/** containers.conf: what files say together, and which of them count. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { loadContainersConfig, type ContainersConfig } from '../src/containers-config.ts';
import { scratch } from './scripted-registry.ts';

/** The configuration made of these files: `vendor/…`, `system/…` and `home/…`. */
function load(
  t: TestContext,
  files: Record<string, string>,
  named: Record<string, string> = {},
): ContainersConfig | undefined {
  const folder = scratch(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const variables = Object.entries(named).map(([name, path]) => [name, join(folder, path)]);
  return loadContainersConfig({
    environment: { HOME: join(folder, 'home'), ...Object.fromEntries(variables) },
    systemFolders: [join(folder, 'vendor'), join(folder, 'system')],
  });
}

const USERS = 'home/.config/containers/containers.conf';

test('without a file there is nothing', (t) => {
  assert.equal(load(t, {}), undefined);
});

test('the user counts more than the machine, drop-ins more than their file', (t) => {
  const { containers, engine } = load(t, {
    'vendor/containers.conf': '[containers]\ntz = "a"\numask = "a"\nshm_size = "a"\ninit = true\n',
    'system/containers.conf': '[containers]\ntz = "b"\numask = "b"\n[engine]\nstop_timeout = 3\n',
    'system/containers.conf.d/20.conf': '[containers]\ntz = "d"\n',
    'system/containers.conf.d/10.conf': '[containers]\ntz = "c"\n',
    'system/containers.conf.d/readme': 'not read',
    [USERS]: '[containers]\numask = "e"\n',
    [`${USERS}.d/x.conf`]: '[containers]\npids_limit = 7\n',
  }) ?? {};
  assert.deepEqual({ ...containers },
    { tz: 'd', umask: 'e', shm_size: 'a', init: true, pids_limit: 7 });
  assert.deepEqual(engine, { stop_timeout: 3 });
});

test('a list replaces that of earlier files, or is added to it', (t) => {
  const system = '[containers]\nenv = ["A=1"]\nvolumes = ["/a:/a"]\n';
  const own = '[containers]\nenv = ["B=2", {append=true}]\nvolumes = []\n';
  const { containers } = load(t, { 'system/containers.conf': system, [USERS]: own }) ?? {};
  assert.deepEqual(containers, { env: ['A=1', 'B=2'], volumes: [] });
});

test('variables name the only file, and the last one', (t) => {
  const files = {
    'only.conf': '[containers]\ntz = "only"\ninit = true\n',
    'last.conf': '[containers]\ntz = "last"',
    [USERS]: '[containers]\numask = "0"\n',
  };
  const named = { CONTAINERS_CONF: 'only.conf', CONTAINERS_CONF_OVERRIDE: 'last.conf' };
  assert.deepEqual(load(t, files, named)?.containers, { tz: 'last', init: true });
  const absent = { CONTAINERS_CONF: 'absent.conf' };
  assert.throws(() => load(t, {}, absent), /absent\.conf": no such file/);
});

test('unknown keys are left alone; a value of the wrong kind is named with its file', (t) => {
  const others = '[containers]\nlabel = 7\n[machine]\ncpus = "x"\n[engine]\nruntime = 1\n';
  assert.deepEqual(load(t, { [USERS]: others })?.containers, {});
  const wrong: [text: string, error: RegExp][] = [
    ['[containers]\ninit = "yes"', /containers\.conf": "init" is no true or false$/],
    ['[containers]\nenv = "A=1"', /"env" is no list of texts$/],
    ['[containers]\nenv = [1]', /"env" is no list of texts$/],
    ['[engine]\nstop_timeout = "1"', /"stop_timeout" is no number$/],
    ['[containers\n', /containers\.conf": not valid TOML \(line 1\)$/],
  ];
  for (const [text, error] of wrong) assert.throws(() => load(t, { [USERS]: text }), error);
});
