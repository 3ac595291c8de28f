/**
 * Berth in a container: what that container may not, its containers may not; and they are kept
 * apart although they see each other's processes in a /proc that is not theirs.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';
import { IMAGE, openOuter, type Outer } from '../e2e/nested.ts';
import { missing } from '../lab/probes.ts';

const lab = openLab();
const SKIP = { skip: missing.subordinateIds };
const RUN = 'berth run --rm --network none';
const MASKED = 'awk \'$5 ~ "^/proc/" { print $5 }\' /proc/self/mountinfo | sort -u';
let outer: Outer;

before(async () => {
  if (missing.subordinateIds === false) outer = await openOuter(lab, 'outer');
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('root of a container in a container is not the root of the machine', SKIP, async () => {
  // The owner of /proc/sys is, whatever his number: here he has none.
  const said = await outer.ok(`${RUN} --privileged ${IMAGE} sh -c \\
    'stat -c %u /proc/sys; for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do
      (echo x >$f) 2>/dev/null && echo "wrote $f"; done; echo end'`);
  assert.equal(said, '65534\nend');
});

test('what is masked outside stays masked inside, with --privileged too', SKIP, async () => {
  const outside = (await outer.ok(MASKED)).split('\n');
  assert.ok(outside.length > 3, outside.join());
  const inside = await outer.ok(`${RUN} --privileged ${IMAGE} sh -c "${MASKED
    .replaceAll(/["$]/g, '\\$&')}; umount /proc/sys 2>&1; mount -t proc p /tmp 2>&1; true"`);
  for (const path of outside) assert.ok(inside.split('\n').includes(path), `${path}\n${inside}`);
  assert.match(inside, /umount: .*(Invalid argument|not permitted)/);
  assert.match(inside, /mount: .*(not permitted|denied)/);
  const reads = await outer.ok(`${RUN} --privileged ${IMAGE} sh -c 'head -c1 /proc/keys | wc -c'`);
  assert.equal(reads, '0');
});

const REACH = 'for p in /proc/[0-9]*; do for f in root/secret cwd/secret environ; do ' +
  'test "$(readlink /proc/self)" = "${p#/proc/}" || cat "$p/$f" 2>/dev/null; done; done; true';

test('containers reach no files and no memory of each other through /proc', SKIP, async () => {
  await outer.ok(`echo of-outer >/secret
    berth run -d --name victim --network none -e KEY=of-victim ${IMAGE} \\
      sh -c 'echo of-victim >/secret; exec sleep 1000' >/dev/null`);
  for (const flags of ['', '-u 1000', '--cap-add SYS_PTRACE']) {
    const found = await outer.ok(`${RUN} ${flags} ${IMAGE} sh -c '${REACH}'`);
    assert.doesNotMatch(found, /of-victim|of-outer/, flags);
  }
  const privileged = await outer.ok(`${RUN} --privileged ${IMAGE} sh -c '${REACH}'`);
  assert.doesNotMatch(privileged, /of-victim/);
  // The loop does find what it may: processes of its own container.
  assert.match(await outer.ok(`berth exec victim sh -c '${REACH}'`), /KEY=of-victim/);
  await outer.ok('berth rm -f -t 0 victim');
});
