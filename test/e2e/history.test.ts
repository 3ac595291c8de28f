/**
 * `berth history`, of an image whose authors are hostile.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
const ESCAPE = '\u001b]0;owned\u0007\u009b31m';
let image = '';
before(async () => {
  const config = {
    Env: ['PATH=/bin'], Cmd: ['sh', ESCAPE], Labels: { say: ESCAPE, [ESCAPE]: 'key' },
  };
  image = await lab.image({ name: 'localhost/hostile:1', config });
  await lab.ok(['export', '-o', `${lab.home}/root.tar`, await lab.ok(['create', image])]);
  await lab.ok(['rm', '-a']);
  const flags = ['-m', `because ${ESCAPE}`, '-c', `CMD ["sh","${ESCAPE.slice(0, 1)}"]`];
  await lab.ok(['import', '-q', ...flags, `${lab.home}/root.tar`, 'made:1']);
});

test('a line for each step, newest first, the id with the newest', async () => {
  const [titles = '', first = ''] = (await lab.ok(['history', 'made:1'])).split('\n');
  assert.match(titles, /^ID +CREATED +CREATED BY +SIZE +COMMENT$/);
  const id = await lab.ok(['image', 'inspect', '-f', '{{.Id}}', 'made:1']);
  assert.ok(first.startsWith(id.slice(0, 12)));
  assert.equal(await lab.ok(['history', '-q', '--no-trunc', 'made:1']), id);
  assert.match(await lab.ok(['history', '--human=false', 'made:1']), /\d{4}-\d\d-\d\dT.* \d+ /);
  assert.equal(await lab.ok(['history', '--format', '{{.ID}} {{.Comment}}', 'made:1']),
    `${id.slice(0, 12)} because ${ESCAPE}`, 'a script gets what there is');
  const [step] = JSON.parse(await lab.ok(['history', '--format', 'json', 'made:1'])) as object[];
  assert.deepEqual(Object.keys(step ?? {}).sort(),
    ['Created', 'CreatedBy', 'comment', 'created', 'id', 'size', 'tags']);
  assert.equal((await lab.berth(['history', 'absent'])).status, 125);
});

test('what images and containers say of themselves does not drive the terminal', async () => {
  await lab.ok(['run', '-d', '--name', 'loud', '--label', `l=${ESCAPE}`, image,
    'sh', '-c', `sleep 100; : ${ESCAPE}`]);
  const shows: string[][] = [
    ['history', 'made:1'],
    ['ps', '-a', '--no-trunc'],
    ['top', 'loud'],
    ['images', '--format', '{{.Labels}}'],
    ['ps', '-a', '--format', '{{.Labels}} {{.Command}}'],
    ['inspect', '-f', '{{.Config.Labels}} {{json .Config.Cmd}} {{.Path}}', 'loud'],
    ['inspect', image, 'loud'],
    ['rmi', ESCAPE],
    ['volume', 'inspect', ESCAPE],
  ];
  for (const args of shows) {
    const { stdout } = await lab.terminal(args);
    assert.doesNotMatch(stdout, /[\u001b\u0007\u009b]/, args.join(' '));
    assert.match(stdout, /owned/, args.join(' '));
  }
  await lab.ok(['rm', '-f', '-t', '0', 'loud']);
});
