/**
 * Streams that are closed, full or read by nobody: no noise, no hang, and a status that tells when
 * output was lost.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** Runs a script of sh in which `b` is berth; answers what it printed. */
async function shell(script: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const words = lab.command.map((word) => `'${word}'`).join(' ');
  return execute(['sh', '-c', `b() { ${words} "$@"; }; i=${image}; ${script}`],
    { env: { ...lab.environment }, cwd: lab.home, timeoutMs: 30_000 });
}

test('a reader that goes away ends commands quietly', async () => {
  await shell('b run --network none --name talks $i sh -c "yes | head -n 20000" >/dev/null');
  for (const command of ['ps -a', 'logs talks', 'images', 'inspect talks', '--help']) {
    const { stdout, stderr } = await shell(`b ${command} | head -n 1 | wc -l; b ${command} | :`);
    assert.equal(stderr, '', command);
    assert.equal(stdout.trim(), '1', command);
  }
  await lab.ok(['rm', 'talks']);
});

test('output on a full device gives an error status', async () => {
  for (const command of ['ps', 'images', 'version', '--help', 'run --rm --network none $i echo hi',
    'run -d --rm --network none $i true']) {
    const { status, stderr } = await shell(`b ${command} >/dev/full`);
    assert.equal(status, 125, command);
    assert.equal(stderr, 'Error: write standard output: no space left on device\n', command);
  }
});

test('closed standard streams disturb nothing', async () => {
  const run = 'b run --rm --network none $i echo hi';
  assert.deepEqual(await shell(`${run} <&-`), { status: 0, stdout: 'hi\n', stderr: '' });
  assert.deepEqual(await shell(`${run} 2>&-`), { status: 0, stdout: 'hi\n', stderr: '' });
  assert.equal((await shell(`${run} <&- >&- 2>&-`)).status, 0);
  assert.equal((await shell('b inspect absent <&- >&- 2>&-')).status, 125);
  assert.equal((await shell('b ps <&- 2>&- | wc -l')).stdout.trim(), '1');
});
