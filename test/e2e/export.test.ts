/**
 * `berth export`: a container's files as a tar, with everything that an archive can keep.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();

async function list(archive: string, ...flags: string[]): Promise<string> {
  const { status, stdout, stderr } = await execute(
    ['tar', '--numeric-owner', ...flags, '-tvf', archive], {});
  assert.equal(status, 0, stderr);
  return stdout;
}

test('an export holds what the container sees: image, changes and removals', async () => {
  const below = { '/gone': 'x', '/kept/low': 'low', '/old/low': 'x' };
  const image = await lab.image({ layers: [below] });
  const archive = path.join(lab.folder, 'out.tar');
  await lab.ok(['run', '--name', 'box', '-v', 'vol:/data', image, 'sh', '-c',
    'rm /gone; rm -r /old; mkdir /old; echo new > /old/new; echo up > /kept/up; mkfifo -m 600 /p;'
    + 'ln /kept/up /kept/same; ln -s ../x /kept/link; chown 7:8 /kept/up; chmod 4755 /kept/up;'
    + `echo > /data/x; touch -d @5 /kept; echo > /${'n'.repeat(150)}`]);
  await lab.ok(['export', '-o', archive, 'box']);
  const names = await list(archive);
  assert.doesNotMatch(names, /\bgone\b|old\/low|data\/x/);
  assert.match(names, /^-rwsr-xr-x 7\/8 +3 .* kept\/(up|same)$/m);
  assert.match(names, /^hrwsr-xr-x 7\/8 .* kept\/(up link to kept\/same|same link to kept\/up)$/m);
  assert.match(names, /^lrwxrwxrwx 0\/0 .* kept\/link -> \.\.\/x$/m);
  assert.match(names, /^prw------- 0\/0 .* p$/m);
  assert.match(names, /^drwxr-xr-x 0\/0 +0 1970-01-01 .* kept\/$/m);
  assert.match(names, /kept\/low$/m);
  assert.match(names, /old\/new$/m);
  assert.match(names, new RegExp(`${'n'.repeat(150)}$`, 'm'));
  const flat = await lab.ok(['import', '-q', archive, 'flat:1']);
  assert.match(flat, /[0-9a-f]{64}/);
  assert.equal(await lab.ok(['run', '--rm', 'flat:1', '/bin/sh', '-c', 'cat /old/new /kept/low']),
    'new\nlow');
  await lab.ok(['rm', 'box']);
  await lab.ok(['volume', 'rm', 'vol']);
});

test('a running container is exported, to standard output, never to a terminal', async () => {
  const image = await lab.image();
  await lab.ok(['run', '-d', '--name', 'live', image, 'sleep', '100']);
  const words = lab.command.map((word) => `'${word}'`).join(' ');
  const { stdout } = await execute(
    ['sh', '-c', `${words} export live | tar -t`], { env: lab.environment });
  assert.match(stdout, /^bin\/busybox$/m);
  const terminal = await lab.terminal(['export', 'live']);
  assert.equal(terminal.status, 125);
  assert.match(terminal.stdout, /it is a terminal/);
  await lab.ok(['rm', '-f', '-t', '0', 'live']);
});

test('an export follows no link out of the container', async () => {
  const image = await lab.image();
  writeFileSync(path.join(lab.folder, 'secret'), 'host secret');
  await lab.ok(['run', '--name', 'evil', image, 'sh', '-c',
    `rm -rf /home; ln -s ${lab.folder} /home; ln -s ${lab.folder}/secret /root/file`]);
  const archive = path.join(lab.folder, 'evil.tar');
  await lab.ok(['export', '-o', archive, 'evil']);
  const content = await execute(['tar', '-xOf', archive], {});
  assert.doesNotMatch(content.stdout, /host secret/);
  assert.match(await list(archive), /^l.* home -> /m);
  await lab.ok(['rm', 'evil']);
});
