/**
 * `berth image exists`, `inspect`, `prune` and `tree`.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image({
    name: 'localhost/shown:1',
    layers: [{ a: '1' }, { b: '2' }],
    config: {
      Env: ['PATH=/bin', 'A=b'], Entrypoint: ['sh', '-c'], Cmd: ['true'],
      User: '7', WorkingDir: '/w',
      Labels: { of: 'shop' }, ExposedPorts: { '80/tcp': {} }, Volumes: { '/data': {} },
      StopSignal: 'SIGINT',
    },
  });
});

test('exists answers by its status alone', async () => {
  for (const [name, status] of [[image, 0], ['shown:1', 0], ['absent', 1]] as const) {
    const ended = await lab.berth(['image', 'exists', name]);
    assert.deepEqual([ended.status, ended.stdout, ended.stderr], [status, '', ''], name);
  }
});

test('inspect shows the config and the layers, under the names of Podman', async () => {
  const cases: [format: string, shown: string | RegExp][] = [
    ['{{.ID}} {{.Id}}', /^([0-9a-f]{64}) \1$/],
    ['{{.RepoTags}}', `[${image}]`],
    ['{{.Config.Env}} {{.Config.Entrypoint}} {{.Config.Cmd}}', '[PATH=/bin A=b] [sh -c] [true]'],
    ['{{.Config.User}} {{.User}} {{.Config.WorkingDir}} {{.Config.StopSignal}}', '7 7 /w SIGINT'],
    ['{{.Config.Labels.of}} {{index .Labels "of"}}', 'shop shop'],
    ['{{range $port, $_ := .Config.ExposedPorts}}{{$port}}{{end}}', '80/tcp'],
    ['{{range $path, $_ := .Config.Volumes}}{{$path}}{{end}}', '/data'],
    ['{{.Config.Volumes}}', 'map[/data:{}]'],
    ['{{.Os}} {{.RootFS.Type}} {{len .RootFS.Layers}}', /^linux layers \d$/],
    ['{{.GraphDriver.Name}}', 'overlay'],
  ];
  for (const [format, shown] of cases) {
    const text = await lab.ok(['image', 'inspect', '-f', format, 'shown:1']);
    if (typeof shown === 'string') assert.equal(text, shown, format);
    else assert.match(text, shown, format);
  }
  const { status, stdout, stderr } = await lab.berth(['image', 'inspect', 'absent', 'shown:1']);
  assert.equal(status, 125);
  assert.match(stderr, /find image "absent": no such image/);
  assert.equal((JSON.parse(stdout) as object[]).length, 1);
});

test('tree shows each layer, and prune leaves what has a name or a container', async () => {
  const tree = await lab.ok(['image', 'tree', image]);
  assert.match(tree, /^Image ID: [0-9a-f]{12}\nTags: +\[localhost\/shown:1\]\n/);
  assert.match(tree, /Top Layer of: \[localhost\/shown:1\]/);
  await lab.ok(['create', '--name', 'user', image]);
  const other = await lab.image({ name: 'localhost/other:1', layers: [{ c: '3' }] });
  await lab.ok(['untag', image]);
  assert.equal(await lab.ok(['image', 'prune', '-f']), '');
  await lab.ok(['rm', '-v', 'user']);
  assert.match(await lab.ok(['image', 'prune', '-f']), /^[0-9a-f]{64}$/);
  assert.equal((await lab.berth(['image', 'exists', other])).status, 0);
  assert.match(await lab.ok(['image', 'prune', '-af']), /^[0-9a-f]{64}$/);
  assert.equal(await lab.ok(['images', '-q']), '');
});
