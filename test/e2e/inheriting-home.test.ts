/**
 * A store in a folder that hands down its group and an ACL, as shared folders of a team do: nothing
 * of them gets into layers, volumes and containers.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const SET_GROUP_ID = 0o2000;
/** acl(5) in an attribute: user::rwx, user:1:rwx, group::rwx, mask::rwx, other::rwx. */
const ALL_MAY = '0x02000000' + '01000700ffffffff' + '0200070001000000' + '04000700ffffffff'
  + '10000700ffffffff' + '20000700ffffffff';

test('a group and an ACL that a home hands down stay out of the store',
  { skip: missing.subordinateIds }, async () => {
    const home = path.join(lab.folder, 'team');
    mkdirSync(home);
    execFileSync('setfattr', ['-n', 'system.posix_acl_default', '-v', ALL_MAY, home]);
    await lab.ok(['unshare', 'sh', '-c', 'chgrp 5 "$0" && chmod 2770 "$0"', home]);
    mkdirSync(path.join(home, 'own'));
    assert.equal(statSync(path.join(home, 'own')).mode & SET_GROUP_ID, SET_GROUP_ID);
    const env = { XDG_DATA_HOME: home };
    const ok = async (...args: string[]) => lab.ok(args, { env });
    const { archive, name } = archiveOf({}, lab.folder);
    await ok('load', '-q', '-i', archive);
    await ok('volume', 'create', 'v');
    const script = 'mkdir /d /v/d; touch /f /v/f; stat -c "%a %u:%g %n" / /d /f /v /v/d /v/f';
    assert.deepEqual((await ok('run', '--network', 'none', '--name', 'c', '-v', 'v:/v', name,
      'sh', '-c', script)).split('\n'), [
      '755 0:0 /', '755 0:0 /d', '644 0:0 /f', '755 0:0 /v', '755 0:0 /v/d', '644 0:0 /v/f',
    ]);
    await ok('commit', '-q', 'c', 'localhost/changed');
    await ok('rm', 'c');
    await ok('system', 'check');
    await ok('system', 'reset', '-f');
  });
