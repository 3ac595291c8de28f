/**
 * A user without subordinate ids: one id is mapped, root is emulated, and owners that can't be are
 * recorded. docs/identities.md says what that achieves.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';
import { ONE_ID, openOneId } from './one-id.ts';

const lab = openLab();
const { data: DATA, run: withOneId } = openOneId(lab);

/** The attribute in which an owner is recorded, of a file of a container's upper folder. */
const OWNER = `owner() {
  getfattr -h --absolute-names --only-values -n user.berth.owner "${DATA}"/containers/*/upper"$1" \
    2>/dev/null || echo none
}
`;

/** A root file system whose files belong to several users, as an archive. */
function archiveWithOwners(): string {
  const root = path.join(lab.folder, 'root');
  for (const folder of ['bin', 'etc', 'private', 'tmp', 'dev', 'proc', 'sys']) {
    mkdirSync(path.join(root, folder), { recursive: true });
  }
  execFileSync('cp', ['/bin/busybox', path.join(root, 'bin/busybox')]);
  for (const name of ['sh', 'chown', 'ls', 'cat', 'id', 'ln', 'mkfifo', 'mknod', 'touch', 'mkdir',
    'sleep', 'rm', 'stat', 'mv', 'cp', 'chmod']) {
    symlinkSync('busybox', path.join(root, 'bin', name));
  }
  writeFileSync(path.join(root, 'etc/passwd'),
    'root:x:0:0:root:/:/bin/sh\nman:x:6:12:man:/private:/bin/sh\n');
  writeFileSync(path.join(root, 'etc/group'), 'root:x:0:\nman:x:12:\n');
  writeFileSync(path.join(root, 'private/letter'), 'dear man\n');
  chmodSync(path.join(root, 'private/letter'), 0o000);
  symlinkSync('letter', path.join(root, 'private/link'));
  const archive = path.join(lab.folder, 'owners.tar');
  const common = ['-C', root, '--owner=0', '--group=0', '--exclude=./private'];
  execFileSync('tar', [...common, '-cf', archive, '.']);
  execFileSync('tar', ['-C', root, '--owner=6', '--group=12', '--mode=go-rwx', '-rf', archive,
    '--no-recursion', './private', './private/link']);
  execFileSync('tar', ['-C', root, '--owner=4294967000', '--group=99999', '-rf', archive,
    '--transform=s,letter,far,', './etc/group']);
  writeFileSync(path.join(lab.folder, 'letter'), 'dear man\n');
  execFileSync('tar', ['-C', lab.folder, '--owner=6', '--group=12', '--mode=0000', '-rf', archive,
    '--transform=s,^,private/,', 'letter']);
  return archive;
}

before(async () => {
  const archive = archiveWithOwners();
  await withOneId(`berth import -q ${archive} owners`);
});
lab.atEnd(async () => {
  await withOneId('berth rm -f -t 0 --all; berth rmi --all --force');
});

test('info says that one id is mapped and that owners are recorded', async () => {
  const said = await withOneId(
    "berth info --format '{{.host.processMap}} {{.store.owners}}'");
  assert.equal(said, 'single xattr');
});

test('an image with files of many owners is unpacked, and its owners are known', async () => {
  const said = await withOneId(`
    layer=$(echo '${DATA}'/layers/*/fs)
    for file in private private/letter etc/group etc/passwd; do
      berth unshare getfattr --absolute-names --only-values -n user.berth.owner \
        "$layer/$file" 2>/dev/null || :
      echo " $file"
    done`);
  assert.deepEqual(said.split('\n').map((line) => line.trim()), [
    '6:12 private', '6:12 private/letter', '4294967000:99999 etc/group', 'etc/passwd',
  ]);
});

test('root reads everything, and all is its own', async () => {
  const said = await withOneId(
    `berth run --rm owners sh -c 'cat /private/letter; stat -c "%u:%g %a" /private/letter; id -u'`);
  assert.equal(said, 'dear man\n0:0 0\n0');
});

test('chown succeeds and is recorded, on files, folders, links and fifos', async () => {
  const said = await withOneId(`${OWNER}
    berth run --name c owners sh -c 'touch /f /r; mkdir /d; ln -s f /l; mkfifo /p
      chown man:man /f /d; chown -h 7:8 /l; chown 9 /p; chown 6 /r; chown 0 /r; chown :12 /r
      exec 3>/o; chown 5:5 /dev/stdout /dev/stderr; cp -p /f /g'
    for file in /f /d /r /o /g; do owner $file; echo; done
    tr '\\0' '\\n' <$(echo '${DATA}'/containers/*/owners) | cut -d ' ' -f 1,2,5
    berth rm c >/dev/null`);
  assert.deepEqual(said.split('\n').filter((line) => line !== ''), [
    '6:12', '6:12', '0:12', 'none', 'none', '7 8 /l', '9 0 /p',
  ]);
});

test('an owner of the image stays when its file is changed', async () => {
  const said = await withOneId(`${OWNER}
    berth run --name c owners sh -c 'echo more >>/private/letter; chmod 640 /private/letter
      mv /private/letter /moved'
    owner /moved; berth rm c >/dev/null`);
  assert.equal(said, '6:12');
});

test('mknod leaves a file that stands for the device', async () => {
  const said = await withOneId(`
    berth run --name c owners sh -c 'umask 027; mknod /null c 1 3; mknod -m 600 /disk b 259 300
      mknod /null c 1 3 2>/dev/null || echo taken'
    cd "$(echo '${DATA}'/containers/*/upper)"
    for file in null disk; do
      stat -c '%a %s' $file; getfattr --only-values -n user.berth.device $file; echo
    done
    berth rm c >/dev/null`);
  assert.equal(said, 'taken\n640 0\nc:1:3\n600 0\nb:259:300');
});

test('export gives back recorded owners and devices, and not the records', async () => {
  const archive = path.join(lab.folder, 'exported.tar');
  await withOneId(`berth run --name given owners sh -c 'touch /f; chown 7:8 /f; ln -s x /l;
    chown -h 9:10 /l; mv /l /moved; mkfifo /p; chown 11:12 /p;
    mknod /null c 1 3; chown 0:5 /null; ln -s x /plain'
    berth export -o ${archive} given
    berth rm given`);
  const listed = execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' });
  assert.match(listed, /^-\S+ 7\/8 .* f$/m);
  assert.match(listed, /^l\S+ 9\/10 .* moved -> x$/m);
  assert.match(listed, /^l\S+ 0\/0 .* plain -> x$/m);
  assert.match(listed, /^p\S+ 11\/12 .* p$/m);
  assert.match(listed, /^c\S+ 0\/5 +1,3 .* null$/m);
  assert.match(listed, /^l\S+ 6\/12 .* private\/link -> letter$/m);
  assert.match(listed, /^d\S+ 6\/12 .* private\/$/m);
  assert.match(listed, /^-\S+ 4294967000\/99999 .* etc\/group$/m);
  assert(!readFileSync(archive).includes('user.berth'));
});

test('a link of the image keeps its owner when it is renamed, and gives it to none', async () => {
  const said = await withOneId(`
    berth run --name renames --network none owners sh -c 'mv /private/link /link
      ln -s letter /new; cp -P /link /copied; ln -s letter /private/link'
    berth export renames | tar --numeric-owner -tvf - link new copied private/link \
      | sed -E 's/^l[^ ]* ([^ ]*) .* ([^ ]*) -> .*/\\2 \\1/' | sort; berth rm renames`);
  assert.deepEqual(said.split('\n').slice(0, 4),
    ['copied 0/0', 'link 6/12', 'new 0/0', 'private/link 0/0']);
});

test('a copy of the whole store keeps the owners, also after a start', async () => {
  const copy = path.join(lab.folder, 'copied-store');
  const said = await withOneId(`
    berth run --name moves --network none owners sh -c 'test -L /l && exec chown -h 9:9 /l2
      ln -s x /l; chown -h 5:6 /l; mkfifo /pipe; chown 7:8 /pipe; ln -s y /l2; touch /f
      chown 3:4 /f'
    sleep 2; berth unshare cp -a '${DATA}' '${copy}'
    berth() { ${lab.command.map((word) => `'${word}'`).join(' ')} --root '${copy}' "$@"; }
    list() { berth export moves | tar --numeric-owner -tvf - l pipe l2 f | cut -d ' ' -f 2; }
    list; berth start -a moves; list; berth rm moves >/dev/null; berth system check`);
  const [before, after] = [['3/4', '5/6', '0/0', '7/8'], ['3/4', '5/6', '9/9', '7/8']];
  assert.deepEqual(said.split('\n').slice(0, 8), [...before, ...after]);
  assert.match(said, /nothing is wrong$/);
  await withOneId(`berth rm moves; berth unshare rm -r '${copy}'`);
});

test('cp without rights copies a container that runs, and one that ran', async () => {
  const copy = path.join(lab.folder, 'copied-container');
  const said = await withOneId(`
    id=$(berth run -d --name c owners sleep 100)
    cp -a '${DATA}'/containers/$id '${copy}'; rm -r '${copy}'
    berth kill c >/dev/null; berth wait c >/dev/null
    cp -a '${DATA}'/containers/$id '${copy}'; rm -r '${copy}'; berth rm c`);
  assert.match(said, /c$/);
});

test('USER n is n, and exec has root beside it', async () => {
  const said = await withOneId(`
    berth run -d --name c -u man owners sleep 100 >/dev/null
    berth exec c sh -c 'id; touch /tmp/mine; stat -c %u:%g /tmp/mine; cat /proc/self/uid_map
      cat /proc/self/setgroups; chown 0 /tmp/mine 2>/dev/null || echo refused'
    berth exec -u root c sh -c 'id -u; stat -c %u:%g /tmp/mine; chown 3:3 /tmp/mine && echo done'
    berth exec -u 4321:99 c id
    berth rm -f -t 0 c >/dev/null`);
  assert.deepEqual(said.split('\n').map((line) => line.replace(/ +/g, ' ').trim()), [
    'uid=6(man) gid=12(man) groups=12(man)', '6:12', '6 0 1', 'deny', 'refused',
    '0', '0:0', 'done', 'uid=4321 gid=99 groups=99',
  ]);
});

test('volumes and bound folders stay as they are, and chown in them does not fail', async () => {
  mkdirSync(path.join(lab.folder, 'bound'));
  writeFileSync(path.join(lab.folder, 'bound/file'), '');
  const said = await withOneId(`
    berth run --rm -v '${lab.folder}/bound:/bound' owners chown -R man:man /bound
    berth run --rm -v '${lab.folder}/bound:/bound:ro' owners chown man /bound/file 2>&1 || :
    getfattr -d -m - '${lab.folder}/bound/file'`);
  assert.match(said, /^chown: \/bound\/file: Read-only file system$/);
});

test('without the capability chown is refused', async () => {
  const said = await withOneId(`
    berth run --rm --cap-drop chown owners sh -c 'touch /f; chown 5 /f 2>&1 || echo refused'`);
  assert.match(said, /refused$/);
});

test('a store with files of other ids is refused, and never shown with wrong owners', {
  skip: missing.subordinateIds,
}, async () => {
  const image = await lab.image();
  await lab.ok(['create', '--name', 'of-many', '--network', 'none', image, 'true']);
  for (const words of [['run', '--rm', '--network', 'none', image, 'true'], ['start', 'of-many']]) {
    const { status, stderr } = await execute([ONE_ID, ...lab.command, ...words], {
      env: lab.environment, cwd: lab.folder,
    });
    assert.equal(status, 125, words[0]);
    assert.match(stderr, /was unpacked under the ids u.*, and the ids now are u.*\nhint: restore/);
  }
  await lab.ok(['start', '-a', 'of-many']);
  await lab.ok(['rm', 'of-many']);
});
