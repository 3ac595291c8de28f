/**
 * `--security-opt proc-opts=`: options of the container's /proc.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const many = { skip: missing.subordinateIds };

test('with hidepid a user sees no processes of others', many, async () => {
  const image = await lab.image();
  const see = ['box', 'sh', '-c', 'test -d /proc/1 && echo seen || echo hidden'];
  for (const [options, expected] of [['hidepid=2,nosuid', 'hidden'], ['hidepid=0', 'seen']]) {
    await lab.ok(['run', '-d', '--name', 'box', '--network', 'none', '--security-opt',
      `proc-opts=${options}`, image, 'sleep', '1000']);
    assert.equal(await lab.ok(['exec', '-u', '7', ...see]), expected, options);
    assert.equal(await lab.ok(['exec', ...see]), 'seen', options);
    await lab.ok(['rm', '-f', '-t', '0', 'box']);
  }
});

test('what is no option of /proc is refused', async () => {
  for (const options of ['hidepid=9', 'subset=pid', 'rw', '']) {
    const { status, stderr } = await lab.berth(
      ['run', '--rm', '--security-opt', `proc-opts=${options}`, await lab.image(), 'true']);
    assert.equal(status, 125, options);
    assert.match(stderr, /is no option of \/proc\nhint: use hidepid=invisible/);
  }
});
