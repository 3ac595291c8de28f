/**
 * containers.conf: what containers are like that nobody says otherwise of.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  const config = { Env: ['OF_IMAGE=image', 'SHARED=image'] };
  image = await lab.image({ config, layers: [{ 'srv/': '' }] });
  mkdirSync(`${lab.home}/.config/containers`, { recursive: true });
  mkdirSync(`${lab.home}/given`);
});

function configure(text: string): void {
  writeFileSync(`${lab.home}/.config/containers/containers.conf`, text);
}

test('run and create take from it what was not typed', async () => {
  configure(`[containers]
env = ["OF_FILE=file", "SHARED=file", "TYPED=file"]
volumes = ["${lab.home}/given:/given"]
default_ulimits = ["nofile=64:128"]
default_capabilities = ["CHOWN", "NET_RAW"]
netns = "none"
umask = "0027"
log_driver = "journald"
annotations = ["a=file"]
unknown_key = true
[engine]
stop_timeout = 3
runtime = "crun"
`);
  const script = 'echo $OF_FILE $SHARED $TYPED; umask; ulimit -n; ls -d /given; ls /sys/class/net';
  const said = await lab.ok(['run', '--rm', '-e', 'TYPED=typed', image, 'sh', '-c', script]);
  assert.deepEqual(said.split('\n'), ['file image typed', '0027', '64', '/given', 'lo']);
  const flags = ['--name', 'made', '--umask', '0077', '--network', 'host', '--stop-timeout', '5'];
  await lab.ok(['create', ...flags, image, 'true']);
  const format = '{{.Config.Umask}} {{.HostConfig.NetworkMode}} {{.Config.StopTimeout}}'
    + ' {{.BoundingCaps}} {{.Config.Annotations.a}} {{.HostConfig.LogConfig.Type}}';
  assert.equal(await lab.ok(['inspect', '-f', format, 'made']),
    '0077 host 5 [CAP_CHOWN CAP_NET_RAW] file k8s-file');
  await lab.ok(['rm', 'made']);
});

test('mounts, privileges and the memory killer are decided by it too', async () => {
  configure(`[containers]
mounts = ["type=tmpfs,destination=/of-file"]
oom_score_adj = 500
privileged = true
`);
  const script = 'grep -c " /of-file tmpfs" /proc/mounts; cat /proc/self/oom_score_adj; '
    + 'grep CapEff /proc/self/status';
  const run = ['run', '--rm', '--network', 'none'];
  const said = await lab.ok([...run, image, 'sh', '-c', script]);
  assert.match(said, /^1\n500\nCapEff:\t0*1ffffffffff$/);
  const typed = ['--oom-score-adj', '600', '--privileged=false'];
  const other = await lab.ok([...run, ...typed, image, 'sh', '-c', script]);
  assert.match(other, /^1\n600\nCapEff:\t00000000800405fb$/);
});

test('pasta gets the options of it and those typed', { skip: missing.pasta }, async () => {
  configure('[network]\npasta_options = ["--mtu", "1400"]\n');
  const script = 'ls /sys/class/net; cat /sys/class/net/*/mtu';
  const links = async (...flags: string[]) =>
    (await lab.ok(['run', '--rm', ...flags, image, 'sh', '-c', script])).split('\n');
  assert.ok((await links()).includes('1400'));
  const typed = await links('--network', 'pasta:--ns-ifname,typed0');
  assert.deepEqual(typed.toSorted(), ['1400', '65536', 'lo', 'typed0']);
  const again = await links('--network', 'pasta:-m,1300');
  assert.ok(again.includes('1300') && !again.includes('1400'), again.join(' '));
  assert.deepEqual(await links('--network', 'none'), ['lo', '65536']);
});

test('keys of it detach from run and exec', async () => {
  configure('[engine]\ndetach_keys = "ctrl-x,x"\n');
  const berth = lab.command.map((word) => `'${word}'`).join(' ');
  const run = `run -it --name held --network none ${image} sh`;
  for (const words of [run, 'exec -it held sh', 'exec -it held sh']) {
    const shell = lab.startInShell(`${berth} ${words}`);
    await shell.seen(/# /);
    shell.child.stdin?.write('\x18x');
    assert.equal((await shell.finished).status, 0, words);
  }
  assert.equal(await lab.ok(['inspect', '-f', '{{.State.Status}}', 'held']), 'running');
  await lab.ok(['rm', '-f', '-t', '0', 'held']);
});

test('a run that is done again takes from it what it says by then', async () => {
  const run = ['run', '--rm', '--network', 'none', image, 'sh', '-c', 'echo $OF_FILE'];
  configure('[containers]\nenv = ["OF_FILE=first"]\n');
  // What changed a moment ago is decided anew; later runs are done again.
  for (let left = 6; left > 0; left -= 1) assert.equal(await lab.ok(run), 'first');
  configure('[containers]\nenv = ["OF_FILE=other"]\n');
  assert.equal(await lab.ok(run), 'other');
  mkdirSync(`${lab.home}/.config/containers/containers.conf.d`);
  const dropIn = `${lab.home}/.config/containers/containers.conf.d/own.conf`;
  writeFileSync(dropIn, '[containers]\nenv = ["OF_FILE=dropped in"]\n');
  assert.equal(await lab.ok(run), 'dropped in');
  rmSync(dropIn);
  assert.equal(await lab.ok(run), 'other');
});

test('a value that makes no sense is named, and what starts nothing goes on', async () => {
  configure('[containers]\ninit = "yes"\n');
  const { status, stderr } = await lab.berth(['run', '--rm', image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: read ".*containers\.conf": "init" is no true or false\n$/);
  assert.equal(await lab.ok(['ps', '-aq']), '');
  configure('[containers]\nuserns = "nobody"\n');
  const unknown = await lab.berth(['run', '--rm', image, 'true']);
  assert.match(unknown.stderr, /userns "nobody": no such mode/);
});

test('CONTAINERS_CONF is read in place of the others', async () => {
  configure('[containers]\nnonsense');
  writeFileSync(`${lab.home}/other.conf`, '[containers]\ntz = "UTC"\nno_hosts = true\n');
  const env = { CONTAINERS_CONF: `${lab.home}/other.conf` };
  assert.equal(await lab.ok(['run', '--rm', image, 'sh', '-c', 'test -s /etc/hosts || echo none'],
    { env }), 'none');
});
