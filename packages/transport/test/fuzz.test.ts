/** Bytes of any kind end in a result or in an error of ours, never in a crash or a hang. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '@berth/errors';
import { parseChallenges } from '../src/auth-challenge.ts';
import { openArchive } from '../src/open-archive.ts';
import { proxyFor } from '../src/proxy-choice.ts';
import { fixture, layoutFiles, tarOf } from './tar-fixture.ts';

async function survives(bytes: Buffer): Promise<void> {
  const scratchDirectory = mkdtempSync(join(tmpdir(), 'berth-fuzz-'));
  try {
    const archive = await openArchive(Readable.from([bytes]), { scratchDirectory });
    for (const { source } of archive.images) await source.manifest();
    await archive.close();
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
    { numRuns: 150 },
  );
});

test('archives cut anywhere are read or refused', async () => {
  const made = fixture('none');
  const good = tarOf(layoutFiles(made, [made.image.manifest]));
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length), (length) => survives(good.subarray(0, length))),
    { numRuns: 60 },
  );
});

test('any challenge is read', () => {
  fc.assert(fc.property(fc.string(), (header) => Array.isArray(parseChallenges(header))));
});

test('any list of hosts without proxy is read', () => {
  const url = new URL('https://10.1.2.3:5000/');
  fc.assert(
    fc.property(fc.string(), (list) => {
      proxyFor(url, { HTTPS_PROXY: 'http://p:1', NO_PROXY: list });
    }),
  );
});
