/**
 * `berth inspect`: Podman's shape, and templates over it.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image({ config: { Entrypoint: ['sh', '-c'], Labels: { base: 'yes' } } });
  const labels = ['--label', 'tier=web', '-l', 'a=1'];
  const flags = [...labels, '-e', 'A=b', '-v', 'kept:/data:ro', '--tmpfs', '/scratch'];
  const limits = ['--ulimit', 'nofile=64:128', '--cap-add', 'net_raw', '--stop-signal', 'INT'];
  const run = ['run', '-d', '--name', 'runs', '-p', '127.0.0.1::80'];
  await lab.ok([...run, ...flags, ...limits, image, 'exec sleep 1000']);
  await lab.berth(['run', '--name', 'failed', image, 'exit 3']);
});
lab.atEnd(async () => {
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
  await lab.ok(['volume', 'rm', 'kept']);
});

test('a container is described as it was asked for and as it is', async () => {
  const text = await lab.ok(['inspect', 'runs']);
  const [found] = JSON.parse(text) as [Record<string, Record<string, unknown>>];
  assert.deepEqual(pick(found, ['Path', 'Args', 'Name', 'RestartCount', 'IsInfra', 'Pod']), {
    Path: 'sh', Args: ['-c', 'exec sleep 1000'], Name: 'runs', RestartCount: 0, IsInfra: false,
    Pod: '',
  });
  assert.deepEqual(pick(found['State'], ['Status', 'Running', 'Paused', 'ExitCode', 'Error']), {
    Status: 'running', Running: true, Paused: false, ExitCode: 0, Error: '',
  });
  const config = ['Cmd', 'Entrypoint', 'StopSignal', 'StopTimeout', 'Labels'];
  assert.deepEqual(pick(found['Config'], config), {
    Cmd: ['exec sleep 1000'], Entrypoint: ['sh', '-c'], StopSignal: 'SIGINT', StopTimeout: 10,
    Labels: { a: '1', base: 'yes', tier: 'web' },
  });
  const host = found['HostConfig'];
  assert.deepEqual(pick(host, ['CapAdd', 'Ulimits', 'Tmpfs', 'AutoRemove', 'RestartPolicy']), {
    CapAdd: ['CAP_NET_RAW'],
    Ulimits: [{ Name: 'RLIMIT_NOFILE', Soft: 64, Hard: 128 }],
    Tmpfs: { '/scratch': 'rw,nosuid,nodev,tmpcopyup' },
    AutoRemove: false,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  });
  assert.match(text, /"CgroupPath": "\//);
  assert.match(text, /"Labels": \{\s+"a": "1",\s+"base": "yes",\s+"tier": "web"/);
  assert.match(text, /"CreateCommand": \[\s+"berth",\s+"run",/);
});

function pick(of: Record<string, unknown> | undefined, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, of?.[name]]));
}

test('templates over it know what scripts ask for', async () => {
  const volumes = `${lab.data}/v1/volumes`;
  const cases: [format: string, shown: string | RegExp][] = [
    ['{{.ID}}', /^[0-9a-f]{64}$/],
    ['{{.State.Running}} {{.State.Status}} {{.State.Health.Status}}|', 'true running |'],
    ['{{.Config.Labels.tier}} {{index .Config.Labels "base"}}', 'web yes'],
    ['{{index .Config.Labels "none"}}|{{.Config.Labels.none}}', '|<no value>'],
    ['{{range .Mounts}}{{.Type}} {{.Name}} {{.Source}} {{.Destination}} {{.RW}};{{end}}',
      `volume kept ${volumes}/kept/_data /data false;`],
    ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostIp}}', '127.0.0.1'],
    ['{{range $p, $c := .NetworkSettings.Ports}}{{$p}}{{end}}', '80/tcp'],
    ['{{json .Config.Cmd}}', '["exec sleep 1000"]'],
    ['{{.State.StartedAt}}', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC$/],
    ['{{json .State.FinishedAt}}', '"0001-01-01T00:00:00Z"'],
    ['{{.Name}}\\t{{.RestartCount}}', 'runs\t0'],
    ['{{.ImageName}}', image],
    ['{{.HostConfig.IpcMode}} {{.HostConfig.Cgroups}} {{.HostConfig.UsernsMode}}.',
      'shareable default .'],
    ['{{range .NetworkSettings.Networks}}{{.NetworkID}} {{.IPAddress}}{{end}}',
      /^(pasta|slirp4netns) \d+\.\d+\.\d+\.\d+$/],
    ['{{.NetworkSettings.SandboxKey}}', /^\/proc\/\d+\/ns\/net$/],
    ['{{if .HostConfig.Privileged}}yes{{else}}no{{end}}', 'no'],
    ['{{len .Mounts}} {{.SizeRw}}', '1 <nil>'],
    ['table {{.Name}} {{.RestartCount}}', 'runs        0'],
  ];
  for (const [format, shown] of cases) {
    const text = await lab.ok(['inspect', '-f', format, 'runs']);
    if (typeof shown === 'string') assert.equal(text, shown, format);
    else assert.match(text, shown, format);
  }
});

test('a field that is not there is an error', async () => {
  const { status, stderr } = await lab.berth(['inspect', '-f', '{{.State.Runing}}', 'runs']);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: .*Runing.*did you mean \.Running/);
});

test('what is empty is null, and what was not asked for is left out', async () => {
  const plain = await lab.image({ name: 'localhost/plain:1' });
  const flags = ['--network', 'none', '--ipc', 'container:runs', '--volumes-from', 'runs:ro'];
  const id = await lab.ok(['create', '-u', '7', ...flags, plain, 'true']);
  const [found] = JSON.parse(await lab.ok(['inspect', id])) as Record<string, object>[];
  const runs = await lab.ok(['inspect', '-f', '{{.Id}}', 'runs']);
  const fields = { ...found?.['Config'], ...found?.['HostConfig'], ...found } as never;
  const nulls = ['Labels', 'Entrypoint', 'EffectiveCaps', 'CgroupConf', 'Links', 'OnBuild'];
  assert.deepEqual(pick(fields, nulls), Object.fromEntries(nulls.map((name) => [name, null])));
  const empty = '{{.Config.Entrypoint}} {{len .Config.Entrypoint}} {{.EffectiveCaps}} '
    + '{{.Config.Labels}} {{.HostConfig.CgroupConf}} {{.State.Health.Log}}{{range .Mounts}}{{end}}';
  assert.equal(await lab.ok(['inspect', '-f', empty, id]), '[] 0 [] map[] map[] []');
  const absent = ['Init', 'Timezone', 'ExposedPorts', 'Healthcheck', 'SizeRw'];
  assert.deepEqual(absent.filter((name) => Object.hasOwn(fields, name)), []);
  assert.deepEqual(pick(fields, ['IpcMode', 'VolumesFrom', 'ConsoleSize', 'UseImageHosts']), {
    IpcMode: `container:${runs}`, VolumesFrom: ['runs:ro'], ConsoleSize: [0, 0],
    UseImageHosts: false,
  });
  assert.equal(await lab.ok(['inspect', '-f', '{{.HostConfig.Init}}{{.Config.Timezone}}', id]),
    'false');
});

test('each name is handled, and an absent one leaves a status', async () => {
  const { status, stdout, stderr } = await lab.berth(
    ['inspect', '-f', '{{.Name}} {{.State.ExitCode}}', 'runs', 'absent', 'failed'],
  );
  assert.deepEqual({ status, stdout }, { status: 125, stdout: 'runs 0\nfailed 3\n' });
  assert.match(stderr, /^Error: inspect "absent": no such/);
  const nothing = await lab.berth(['inspect', 'absent']);
  assert.equal(nothing.stdout, '[]\n');
});

test('--type and --size', async () => {
  assert.match(await lab.ok(['inspect', '--size', '-f', '{{.SizeRw}} {{.SizeRootFs}}', 'runs']),
    /^\d+ \d+$/);
  assert.match(await lab.ok(['inspect', '--type', 'image', '-f', '{{.Id}}', image]),
    /^[0-9a-f]{64}$/);
  assert.equal(await lab.ok(['inspect', '--type=volume', '-f', '{{.Name}}', 'kept']), 'kept');
  assert.equal((await lab.berth(['inspect', '--type', 'image', 'runs'])).status, 125);
  for (const type of ['bogus', 'constructor', '__proto__']) {
    assert.equal((await lab.berth(['inspect', '--type', type, 'runs'])).status, 125);
  }
});
