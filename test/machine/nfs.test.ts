/**
 * A home on NFS, served and mounted by the emulated machine itself. Its image has a server besides,
 * which takes minutes to build: only with BERTH_NFS=1.
 */
import { test } from 'node:test';
import { testInMachine } from './machine.ts';

if (process.env['BERTH_NFS'] === '1') {
  const image = { name: 'nfs', packages: 'nfs-kernel-server' };
  testInMachine({ script: 'nfs.sh', user: 'root', on: 'emulated', image });
} else {
  test('a home on NFS', { skip: 'BERTH_NFS=1 builds a machine for it' }, () => undefined);
}
