/**
 * Berth where it is itself in a container: with the flags of everyday, without a /proc, a device
 * and a cgroup of its own; and in one that keeps nothing back.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';
import { IMAGE, openOuter, programBinds, type Outer } from './nested.ts';
import { openOneId } from './one-id.ts';

const lab = openLab();
const SKIP = { skip: missing.subordinateIds };
const BERTH = lab.command.join(' ');
const RUN = 'berth run --rm --network none';
let plain: Outer;

before(async () => {
  if (missing.subordinateIds === false) plain = await openOuter(lab, 'plain');
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** Where there is no XDG_RUNTIME_DIR. */
const RUN_FOLDER = '/dev/shm/berth-run-0';

const words = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/^ /gm, '');

test('root of a container has the ids of that container', SKIP, async () => {
  const own = words(await plain.ok('cat /proc/self/uid_map')).split('\n')
    .map((line) => line.split(' ')).map(([inside, , count]) => `${inside} ${inside} ${count}`);
  const said = words(await plain.ok(`${RUN} ${IMAGE} sh -c \\
    'cat /proc/self/uid_map; touch /x; chown 5:6 /x; stat -c %u:%g /x'`));
  assert.deepEqual(said.split('\n'), [...own, '5:6']);
  assert.equal(await plain.ok(`${RUN} -u 33 ${IMAGE} id -u`), '33');
  assert.equal(await plain.ok(`${RUN} --userns keep-id:uid=7 ${IMAGE} id -u`), '7');
});

test('what a masked /proc costs is said once, and by doctor', SKIP, async () => {
  await plain.ok(`rm -f ${RUN_FOLDER}/nesting-notice`);
  const first = await plain.run(`${RUN} ${IMAGE} true`);
  assert.match(first.stderr, /^Warning: .*masked \/proc.*unmask=ALL/m);
  assert.doesNotMatch((await plain.run(`${RUN} ${IMAGE} true`)).stderr, /masked/);
  const doctor = await plain.run("berth doctor --format '{{.ID}} {{.Severity}}'");
  assert.match(doctor.stdout, /^user-namespaces ok$/m);
  assert.match(doctor.stdout, /^subordinate-ids ok$/m);
  assert.match(doctor.stdout, /^nesting weaker$/m);
  const refused = await plain.run(`${RUN} --sysctl net.ipv4.ip_forward=1 ${IMAGE} true`);
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /may not write its \/proc\/sys\nhint: .*unmask=ALL/);
});

test('a container lives its whole life, and shares namespaces', SKIP, async () => {
  const said = await plain.ok(`
    berth run -d --name a --network none ${IMAGE} sh -c 'echo out; exec sleep 1000' >/dev/null
    berth exec a sh -c 'echo written >/file'
    berth run --rm --network container:a --pid container:a ${IMAGE} \\
      sh -c 'test "$(readlink /proc/self/ns/net)" != x && kill -0 1 && echo shared'
    berth stop -t 0 a >/dev/null && berth start a >/dev/null && berth exec a cat /file
    berth logs a | head -1; berth rm -f -t 0 a >/dev/null
    berth ps -aq; ls -A ${RUN_FOLDER}/containers`);
  assert.deepEqual(said.split('\n'), ['shared', 'written', 'out']);
});

test('without /dev/net/tun there is no network but that of the host, and why', SKIP, async () => {
  const none = await plain.run(`berth run --rm ${IMAGE} ls /sys/class/net`);
  assert.equal(none.status, 0, none.stderr);
  assert.equal(none.stdout.trim(), 'lo');
  assert.match(none.stderr, /no network: \/dev\/net\/tun can't .*--device \/dev\/net\/tun/);
  const published = await plain.run(`berth run --rm -p 8080:80 ${IMAGE} true`);
  assert.equal(published.status, 125);
  assert.match(published.stderr, /publish ports: \/dev\/net\/tun can't be opened\nhint: /);
  assert.equal(await plain.ok(`berth run --rm --network host ${IMAGE} echo fine`), 'fine');
});

test('a user of the container has of his ranges what it has, if helpers may', SKIP, async () => {
  await plain.ok(`mkdir -p /run/wrappers/bin && cp /usr/bin/new?idmap /run/wrappers/bin
    chmod 4755 /run/wrappers/bin/*; echo ann:x:1234:1234::/:/bin/sh >>/etc/passwd
    install -d -o ann /store/user`);
  const user = ['-u', '1234:1234', '-e', 'XDG_DATA_HOME=/store/user'];
  const mapOf = async (range: string): Promise<string> => {
    await plain.ok(`echo ${range} >/etc/subuid; echo ${range} >/etc/subgid`);
    return words(await plain.ok(
      `${RUN} host cat /proc/self/uid_map; berth rmi -a >/dev/null`, ...user));
  };
  // Set-user-id root is not enough: root of a container may not map for others.
  assert.equal(await mapOf('1234:65000:100000'), '0 1234 1');
  const doctor = await plain.run('berth doctor', ...user);
  assert.match(doctor.stdout, /setcap cap_setuid\+ep/);
  await plain.ok(`cd /run/wrappers/bin; chmod u-s *
    setcap cap_setuid+ep newuidmap; setcap cap_setgid+ep newgidmap`);
  assert.equal(await mapOf('1234:65000:100000'), '0 1234 1\n1 65000 537');
  assert.equal(await mapOf('1234:100000:65536'), '0 1234 1');
});

test('a store on the overlay of the container has copies', SKIP, async () => {
  const said = await plain.ok(`${RUN} host sh -c 'chown 5 /tmp; stat -c %u /tmp'
    berth info --format '{{.Store.GraphDriverName}}'`, '-e', 'XDG_DATA_HOME=/root');
  assert.equal(said, '5\ncopy');
});

test('with --privileged outside, inside is as on the machine', SKIP, async () => {
  const outer = await openOuter(lab, 'privileged', '--privileged');
  const { stdout, stderr } = await outer.run(`${RUN} --hostname box ${IMAGE} \\
    sh -c 'hostname; ls /proc | grep -c "^[0-9]"; true'`);
  assert.equal(stdout, 'box\n3\n');
  assert.doesNotMatch(stderr, /masked/);
});

test('root without the capability to map itself is told so', SKIP, async () => {
  const dropped = 'setpriv --bounding-set -setfcap';
  const said = await plain.run(`${dropped} ${BERTH} run --rm --network none ${IMAGE} true`);
  assert.equal(said.status, 125);
  assert.match(said.stderr, /has not the capability SETFCAP\nhint: start .*--cap-add SETFCAP/);
  const doctor = await plain.run(`${dropped} ${BERTH} doctor`);
  assert.equal(doctor.status, 2);
  assert.match(doctor.stdout, /start the outer container with --cap-add SETFCAP/);
});

test('in a container with one id there are containers with one', async () => {
  const said = await openOneId(lab).run(`berth run --rm --network none --tmpfs /store:exec \\
    ${programBinds(lab).join(' ')} -e HOME=/root -e XDG_DATA_HOME=/store host \\
    ${BERTH} run --rm --network none host sh -c 'id -u; cat /proc/self/uid_map'`);
  assert.equal(words(said), '0\n0 0 1');
});
