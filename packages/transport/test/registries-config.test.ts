/** registries.conf: what files say together, what a name then means, and where it is fetched. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { formatReference } from '@berth/oci';
import { resolveName } from '../src/name-resolution.ts';
import { pullSources } from '../src/pull-sources.ts';
import type { RegistriesConfig } from '../src/registries-config.ts';
import { loadRegistriesConfig } from '../src/registries-config.ts';
import { scratch } from './scripted-registry.ts';

/** The configuration made of these files: `system/…` and `home/…`. */
function load(
  t: TestContext,
  files: Record<string, string>,
  environment: Record<string, string> = {},
): RegistriesConfig {
  const folder = scratch(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const named = environment['CONTAINERS_REGISTRIES_CONF'];
  const conf = named === undefined ? {} : { CONTAINERS_REGISTRIES_CONF: join(folder, named) };
  return loadRegistriesConfig({
    environment: { HOME: join(folder, 'home'), ...conf },
    systemDirectory: join(folder, 'system'),
  });
}

function names(config: RegistriesConfig, text: string): string[] {
  return resolveName(text, config).map(({ reference }) => formatReference(reference));
}

function places(config: RegistriesConfig, full: string, hasDigest = false): string[] {
  const slash = full.indexOf('/');
  const name = { registry: full.slice(0, slash), repository: full.slice(slash + 1), hasDigest };
  return pullSources(name, config).map(
    ({ registry, repository, isInsecure }) =>
      `${isInsecure ? 'insecure ' : ''}${registry}/${repository}`,
  );
}

test('without files a short name is looked up in Docker Hub', (t) => {
  const config = load(t, {});
  assert.deepEqual(names(config, 'debian'), ['docker.io/library/debian:latest']);
  assert.deepEqual(names(config, 'user/app:v1'), ['docker.io/user/app:v1']);
});

test('a full name means itself', (t) => {
  const config = load(t, { 'system/registries.conf': 'unqualified-search-registries = []' });
  assert.deepEqual(names(config, 'quay.io/a/b'), ['quay.io/a/b:latest']);
  assert.deepEqual(names(config, 'localhost:5000/b:1'), ['localhost:5000/b:1']);
});

test('credential helpers are named, the auth files are not one of them', (t) => {
  const list = 'credential-helpers = ["containers-auth.json", "ring"]';
  assert.deepEqual(load(t, { 'system/registries.conf': list }).credentialHelpers, ['ring']);
  assert.deepEqual(load(t, {}).credentialHelpers, []);
  assert.throws(() => load(t, { 'system/registries.conf': 'credential-helpers = "ring"' }),
    /"credential-helpers" is not a list of names/);
});

test('search registries are tried in order', (t) => {
  const config = load(t, {
    'system/registries.conf': 'unqualified-search-registries = ["quay.io", "docker.io"]',
  });
  assert.deepEqual(names(config, 'app:1'), ['quay.io/app:1', 'docker.io/library/app:1']);
});

test('an enforced short name mode refuses what could be two things', (t) => {
  const config = load(t, {
    'system/registries.conf':
      'short-name-mode = "enforcing"\nunqualified-search-registries = ["a.io", "b.io"]',
  });
  assert.throws(() => names(config, 'app'), { code: 'AMBIGUOUS_NAME', hint: /a\.io\/app/ });
});

test('a short name with nowhere to look is an error with a full name to type', (t) => {
  const config = load(t, { 'system/registries.conf': 'unqualified-search-registries = []' });
  assert.throws(() => names(config, 'debian'), {
    code: 'SHORT_NAME',
    hint: /docker\.io\/library\/debian/,
  });
});

test('an alias stands for its full name, keeps the tag, and can be taken back', (t) => {
  const config = load(t, {
    'system/registries.conf.d/shortnames.conf':
      '[aliases]\n"fedora" = "registry.fedoraproject.org/fedora"\n"gone" = "a.io/gone"',
    'home/.config/containers/registries.conf.d/mine.conf': '[aliases]\n"gone" = ""',
    'home/.cache/containers/short-name-aliases.conf': '[aliases]\n"mine" = "b.io/x/mine"',
  });
  assert.deepEqual(names(config, 'fedora:40'), ['registry.fedoraproject.org/fedora:40']);
  assert.deepEqual(names(config, 'mine'), ['b.io/x/mine:latest']);
  assert.deepEqual(names(config, 'gone'), ['docker.io/library/gone:latest']);
});

test("the user's main file replaces the system's, drop-ins add to either", (t) => {
  const config = load(t, {
    'system/registries.conf': 'unqualified-search-registries = ["system.io"]',
    'home/.config/containers/registries.conf': 'unqualified-search-registries = ["user.io"]',
    'system/registries.conf.d/a.conf': '[[registry]]\nlocation = "a.io"\ninsecure = true',
  });
  assert.deepEqual(config.searchRegistries, ['user.io']);
  assert.deepEqual(places(config, 'a.io/x'), ['insecure a.io/x']);
});

test('CONTAINERS_REGISTRIES_CONF names the main file', (t) => {
  const files = { 'other.conf': 'unqualified-search-registries = ["other.io"]' };
  const config = load(t, files, { CONTAINERS_REGISTRIES_CONF: 'other.conf' });
  assert.deepEqual(config.searchRegistries, ['other.io']);
  assert.throws(() => load(t, {}, { CONTAINERS_REGISTRIES_CONF: 'missing.conf' }), {
    code: 'BAD_REGISTRIES_CONF',
  });
});

const RULES = `
[[registry]]
prefix = "example.com/team"
location = "inner.example.com/people"
mirror-by-digest-only = true
[[registry.mirror]]
location = "mirror.example.com/team"
insecure = true

[[registry]]
prefix = "example.com/team/secret"
location = "vault.example.com"

[[registry]]
prefix = "*.wild.io"
insecure = true

[[registry]]
location = "tags.io"
[[registry.mirror]]
location = "m.tags.io"
pull-from-mirror = "tag-only"
`;

test('the longest prefix decides, on whole path components', (t) => {
  const config = load(t, { 'system/registries.conf': RULES });
  assert.deepEqual(places(config, 'example.com/team/app'), ['inner.example.com/people/app']);
  assert.deepEqual(places(config, 'example.com/team/secret/x'), ['vault.example.com/x']);
  assert.deepEqual(places(config, 'example.com/teams'), ['example.com/teams']);
  assert.deepEqual(places(config, 'a.b.wild.io/x'), ['insecure a.b.wild.io/x']);
  assert.deepEqual(places(config, 'wild.io/x'), ['wild.io/x']);
});

test('mirrors are asked by what they serve', (t) => {
  const config = load(t, { 'system/registries.conf': RULES });
  assert.deepEqual(places(config, 'example.com/team/app', true), [
    'insecure mirror.example.com/team/app',
    'inner.example.com/people/app',
  ]);
  assert.deepEqual(places(config, 'tags.io/x'), ['m.tags.io/x', 'tags.io/x']);
  assert.deepEqual(places(config, 'tags.io/x', true), ['tags.io/x']);
});

const BROKEN: readonly (readonly [string, string, RegExp])[] = [
  ['no TOML', 'unqualified-search-registries = [', /not valid TOML/],
  ['version 1', '[registries.search]\nregistries = ["a.io"]', /version 1/],
  ['a rule without a place', '[[registry]]\ninsecure = true', /prefix or a location/],
  ['a flag that is text', '[[registry]]\nlocation = "a.io"\nblocked = "yes"', /"blocked"/],
  ['a location with a scheme', '[[registry]]\nlocation = "http://a.io"', /without http/],
  [
    'an unknown kind of mirror',
    '[[registry]]\nlocation="a.io"\n[[registry.mirror]]\nlocation="b.io"\npull-from-mirror="x"',
    /pull-from-mirror/,
  ],
  ['a star and a path', '[[registry]]\nprefix = "*.a.io/x"\nblocked = true', /a star stands for/],
  ['a star inside', '[[registry]]\nprefix = "a.*.io"\nlocation = "b.io"', /a star stands for/],
  ['an unknown mode', 'short-name-mode = "x"', /short-name-mode/],
];

for (const [what, text, message] of BROKEN) {
  test(`a file with ${what} is an error that names it`, (t) => {
    assert.throws(() => load(t, { 'system/registries.conf': text }), {
      code: 'BAD_REGISTRIES_CONF',
      message,
    });
  });
}
