/** Bytes of any kind end in a result or in an error of ours, never in a crash or a hang. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '@berth/errors';
import { parseReference } from '@berth/oci';
import { searching } from '@berth/testing';
import { parseChallenges } from '../src/auth-challenge.ts';
import { readAuthFile } from '../src/auth-file.ts';
import { openArchive } from '../src/open-archive.ts';
import { proxyFor } from '../src/proxy-choice.ts';
import { loadRegistriesConfig } from '../src/registries-config.ts';
import { registrySource } from '../src/registry-source.ts';
import { client, registry } from './scripted-registry.ts';
import { fixture, layoutFiles, tarOf } from './tar-fixture.ts';

async function survives(bytes: Buffer): Promise<void> {
  const scratchDirectory = mkdtempSync(join(tmpdir(), 'berth-fuzz-'));
  try {
    const archive = await openArchive(Readable.from([bytes]), { scratchDirectory });
    try {
      for (const { source } of archive.images) await source.manifest();
    } finally {
      await archive.close();
    }
  } catch (error) {
    assert.ok(error instanceof EngineError, String(error));
  } finally {
    rmSync(scratchDirectory, { recursive: true });
  }
}

test('archives with changed bytes are read or refused', async () => {
  const made = fixture('none');
  const entry = {
    ...made.image.manifest,
    annotations: { 'org.opencontainers.image.ref.name': 'x' },
  };
  const good = tarOf(layoutFiles(made, [entry]));
  const change = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      const bytes = Buffer.from(good);
      for (const { at, byte } of changes) bytes[at] = byte;
      await survives(bytes);
    }),
    searching(150),
  );
});

test('archives cut anywhere are read or refused', async () => {
  const made = fixture('none');
  const good = tarOf(layoutFiles(made, [made.image.manifest]));
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length), (length) => survives(good.subarray(0, length))),
    searching(60),
  );
});

test('any challenge is read', () => {
  fc.assert(
    fc.property(fc.string(), (header) => Array.isArray(parseChallenges(header))),
    searching(100),
  );
});

test('any list of hosts without proxy is read', () => {
  const url = new URL('https://10.1.2.3:5000/');
  fc.assert(
    fc.property(fc.string(), (list) => {
      proxyFor(url, { HTTPS_PROXY: 'http://p:1', NO_PROXY: list });
    }),
    searching(100),
  );
});

/** Runs `read`, which may throw errors of ours and nothing else. */
async function named(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (error) {
    assert.ok(error instanceof EngineError, error instanceof Error ? error.stack : String(error));
  }
}

const host = fc.constantFrom('a.example', 'a.example:5000', '*.example', 'localhost', '../x', '');
const credential = fc.oneof(fc.jsonValue(), fc.record({
  auth: fc.oneof(fc.base64String(), fc.string()), identitytoken: fc.jsonValue() }));

test('an auth file of any content is read or refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-fuzz-'));
  const path = join(folder, 'auth.json');
  const document = fc.record({
    auths: fc.oneof(fc.jsonValue(), fc.dictionary(host, credential)),
    credHelpers: fc.oneof(fc.jsonValue(), fc.dictionary(host, fc.string())),
    credsStore: fc.jsonValue(),
  }, { requiredKeys: [] });
  const text = fc.oneof(document.map((value) => JSON.stringify(value)), fc.string());
  await fc.assert(
    fc.asyncProperty(text, async (content) => {
      writeFileSync(path, content);
      await named(async () => readAuthFile({ path, isRequired: true }));
    }),
    searching(150),
  );
  rmSync(folder, { recursive: true });
});

test('a registries.conf of any content is read or refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-fuzz-'));
  const value = fc.constantFrom('"a.example"', '""', 'true', '7', '["x", 7]', '{}', '[[]]', '"*."');
  const key = fc.constantFrom('prefix', 'location', 'insecure', 'blocked', 'mirror',
    'short-name-mode', 'unqualified-search-registries', 'pull-from-mirror', '"__proto__"',
    'aliases');
  const line = fc.oneof(
    fc.tuple(key, value).map(([name, given]) => `${name} = ${given}`),
    fc.constantFrom('[[registry]]', '[[registry.mirror]]', '[aliases]', '[registries.search]'),
    fc.string());
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
      writeFileSync(join(folder, 'registries.conf'), lines.join('\n'));
      await named(() => loadRegistriesConfig({ environment: { HOME: folder },
        systemDirectory: folder }));
    }),
    searching(200),
  );
  rmSync(folder, { recursive: true });
});

/** Numbers, strings and shapes in place of what a document should have there. */
const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(
  -1, 2 ** 60, 'sha256:../../x', `sha256:${'0'.repeat(64)}`,
  'application/vnd.oci.image.index.v1+json'));

test('whatever a registry answers is an image or an error of ours', async (t) => {
  const server = await registry(t);
  const { layers, config, manifest } = server.content.putImage(
    { repository: 'x', layers: [Buffer.from('layer')] });
  const asking = client(t, { retry: { attempts: 1, firstDelayMs: 1, longestDelayMs: 1 } });
  const parts: [string, fc.Arbitrary<unknown>][] = [['schemaVersion', fc.constantFrom(2, 1, '2')],
    ['mediaType', odd], ['config', fc.oneof(fc.constant(config), odd)],
    ['layers', fc.oneof(fc.constant(layers), fc.array(odd, { maxLength: 3 }), odd)],
    ['manifests', fc.oneof(fc.array(fc.oneof(fc.constant(manifest), odd), { maxLength: 3 }), odd)]];
  const document = fc.record(Object.fromEntries(parts), { requiredKeys: ['schemaVersion'] });
  const type = fc.constantFrom(manifest.mediaType, 'application/vnd.oci.image.index.v1+json',
    'application/json', '', 'x/y; charset=\u00fc');
  const body = fc.oneof(document.map((value) => JSON.stringify(value)), fc.string());
  await fc.assert(
    fc.asyncProperty(body, type, async (text, mediaType) => {
      server.content.putManifest({ repository: 'x', tag: 'latest' },
        { bytes: Buffer.from(text), mediaType });
      await named(async () => {
        const reference = parseReference(`${server.host}/x:latest`);
        const chosen = await registrySource(reference, { client: asking }).manifest();
        assert.ok(chosen !== undefined);
      });
    }),
    searching(150),
  );
});
