/**
 * `berth doctor` on this machine: what it says agrees with what is here.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();

interface Finding {
  id: string;
  severity: string;
  found: string;
  remedies: { who: string; command: string }[];
}

test('json and the exit status say what the text says', async () => {
  const { status, stdout } = await lab.berth(['doctor', '--format', 'json']);
  const findings = JSON.parse(stdout) as Finding[];
  const severity = Object.fromEntries(findings.map((found) => [found.id, found.severity]));
  assert.equal(severity['user-namespaces'], 'ok');
  assert.equal(severity['kernel'], 'ok');
  assert.equal(severity['overlay'], 'ok');
  assert.equal(severity['subordinate-ids'] === 'ok', missing.subordinateIds === false);
  const isPerfect = findings.every((found) => found.severity === 'ok');
  assert.equal(status, isPerfect ? 0 : 1);
  const text = await lab.berth(['doctor']);
  // Other tests use the same disk meanwhile.
  for (const { found } of findings.filter(({ id }) => id !== 'free-space')) {
    assert.ok(text.stdout.includes(found), found);
  }
  assert.match(text.stdout, /containers run\.$|as good as it gets\.$/m);
});

test('templates and --quiet serve scripts', async () => {
  const { stdout } = await lab.berth(['doctor', '--quiet', '--format', '{{.ID}} {{.Severity}}']);
  assert.doesNotMatch(stdout, / ok$/m);
  const all = await lab.berth(['doctor', '--format', '{{.ID}} {{.Severity}}']);
  assert.match(all.stdout, /^kernel ok$/m);
});

test('without XDG_RUNTIME_DIR the line that sets it is shown', async () => {
  const { stdout, status } = await lab.berth(['doctor', '-q'], { runtime: false });
  assert.equal(status, 1);
  assert.match(stdout, /XDG_RUNTIME_DIR is not set[\s\S]*export XDG_RUNTIME_DIR=/);
});

test('a home where nothing can be written blocks containers', async () => {
  for (const home of ['/nowhere', '/root', '/proc']) {
    const { stdout, status } = await lab.berth(['doctor', '-q'], { env: { HOME: home } });
    assert.equal(status, 2, home);
    assert.match(stdout, /^blocked .* can't be made or changed: write "/m);
    assert.doesNotMatch(stdout, /namespace/);
    assert.match(stdout, /^ +you: export XDG_DATA_HOME=.*$[^]*containers can't run\.$/m);
  }
});

test('a look makes no store', async () => {
  await lab.berth(['doctor']);
  assert.equal(await lab.ok(['info', '--format', '{{.Store.GraphDriverName}}']), 'overlay');
  assert.ok(!existsSync(lab.data));
});
