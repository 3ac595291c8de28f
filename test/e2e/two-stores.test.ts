/**
 * Two stores of one user: they may share a runtime folder, as shells with another XDG_DATA_HOME or
 * `--root` do, and see nothing of each other.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();

test("stores that share a runtime folder leave each other's containers alone", async () => {
  const image = await lab.image();
  await lab.ok(['run', '-d', '--name', 'here', image, 'sleep', '100']);
  const env = { XDG_DATA_HOME: path.join(lab.folder, 'other-data') };
  await lab.ok(['run', '--rm', 'hello'], { env });
  assert.equal(await lab.ok(['ps', '-aq'], { env }), '');
  await lab.ok(['rmi', '-f', '-a'], { env });
  await lab.ok(['system', 'prune', '-af'], { env });
  await lab.ok(['system', 'check', '--repair'], { env });
  assert.equal(await lab.ok(['exec', 'here', 'echo', 'alive']), 'alive');
  await lab.ok(['system', 'reset', '-f'], { env });
  assert.equal(await lab.ok(['exec', 'here', 'echo', 'alive']), 'alive');
  await lab.ok(['restart', '-t', '0', 'here']);
  await lab.ok(['rm', '-f', '-t', '0', 'here']);
});
