/**
 * Images that nobody would make on purpose, and that people have all the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
const PATH = ['PATH=/bin'];

test('one VOLUME under several names is one volume', async () => {
  const image = await lab.image({
    name: 'localhost/volumes:1',
    config: {
      Env: PATH, Volumes: { '/data': {}, '/data/': {}, '/srv/../data': {}, '/data/b': {} },
    },
  });
  const mounts = ['sh', '-c', 'grep -c " /data" /proc/self/mountinfo'];
  assert.equal(await lab.ok(['run', '--rm', '--network=none', image, ...mounts]), '2');
  const own = ['--mount', 'type=tmpfs,dst=/data/'];
  assert.equal(await lab.ok(['run', '--rm', '--network=none', ...own, image, ...mounts]), '2');
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('a command that is a string is its one word, as in Docker', async () => {
  const image = await lab.image({
    name: 'localhost/word:1', config: { Env: PATH, Entrypoint: 'echo', Cmd: 'two words' },
  });
  assert.equal(await lab.ok(['run', '--rm', '--network=none', image]), 'two words');
});

test('an image without layers has nothing to run, and is kept, shown and removed', async () => {
  const image = await lab.image({ name: 'localhost/none:1', busybox: false, config: {} });
  const { status, stderr } = await lab.berth(['run', '--rm', image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: create container from "localhost\/none:1": it has no layers/);
  assert.equal(await lab.ok(['inspect', '-f', '{{len .RootFS.Layers}}', image]), '0');
  await lab.ok(['rmi', image]);
});

test('with --pull never a name that is none is told what is wrong with it', async () => {
  for (const [name, said] of [
    ['Debian', /must be lower case/], ['debian:', /"" is not a tag/], ['', /it is empty/],
    ['a b', /not a repository name/], ['docker-daemon:x', /transport .*\nhint: docker save/],
    ['debian', /it is not in the store, and pulling is off\nhint: berth pull debian$/m],
  ] as const) {
    const { status, stderr } = await lab.berth(['run', '--pull=never', name, 'true']);
    assert.equal(status, 125, name);
    assert.match(stderr, said);
  }
});
