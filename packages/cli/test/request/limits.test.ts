/** Limits as users type them: what is a limit, and what is refused. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { EngineError } from '@berth/errors';
import { CONTAINER_FLAGS } from '../../src/flags/container-flags.ts';
import { parseFlags } from '../../src/flags/parse-flags.ts';
import { containerRequest } from '../../src/request/container-request.ts';

function request(...typed: string[]) {
  const { values, operands } = parseFlags([...typed, 'image'], {
    flags: CONTAINER_FLAGS, stopsAtOperand: true, command: 'create',
  });
  return containerRequest(values, operands);
}

function limits(...typed: string[]): Record<string, unknown> {
  const { resources } = request(...typed);
  return Object.fromEntries(Object.entries(resources).filter(([, value]) => value !== undefined));
}

test('processor time is a number of processors, or a quota and a period', () => {
  assert.deepEqual(limits('--cpus', '1.5'), { cpus: 1.5 });
  assert.deepEqual(limits('--cpu-period=50000', '--cpu-quota', '25000'),
    { cpuPeriodUs: 50_000, cpuQuotaUs: 25_000 });
  assert.deepEqual(limits('--cpu-quota=-1', '-c', '512'), { cpuQuotaUs: -1, cpuShares: 512 });
  assert.deepEqual(limits('--cpus=0', '--cpu-period=0', '--cpuset-cpus=', '--cpuset-mems', '0-1,3'),
    { cpusetMems: '0-1,3' });
});

test('disks are weighed and limited by path', () => {
  assert.deepEqual(
    limits('--blkio-weight', '300', '--blkio-weight-device=/dev/sda:200',
      '--device-read-bps', '/dev/sda:1mb', '--device-write-bps=/dev/a:b:2048',
      '--device-read-iops=/dev/sda:5,/dev/sdb:6', '--device-write-iops', '/dev/sda:7'),
    {
      blockWeight: 300,
      blockLimits: [
        { device: '/dev/sda', kind: 'weight', value: 200 },
        { device: '/dev/sda', kind: 'readBps', value: 1_048_576 },
        { device: '/dev/a:b', kind: 'writeBps', value: 2048 },
        { device: '/dev/sda', kind: 'readIops', value: 5 },
        { device: '/dev/sdb', kind: 'readIops', value: 6 },
        { device: '/dev/sda', kind: 'writeIops', value: 7 },
      ],
    });
});

test('what asks for nothing is no limit', () => {
  assert.deepEqual(limits(), {});
  assert.deepEqual(limits('--memory-swappiness=-1', '--blkio-weight=0'), {});
});

test('a cgroup parent is kept as typed', () => {
  assert.equal(request('--cgroup-parent=my.slice').cgroupParent, 'my.slice');
  assert.equal(request('--cgroup-parent', '').cgroupParent, undefined);
});

test('what is no limit is refused', () => {
  const bad: string[][] = [
    ['--cpus=1', '--cpu-quota=1000'],
    ['--cpus=-1'], ['--cpus=0.001'],
    ['--cpu-period=5'], ['--cpu-period=2000000'], ['--cpu-quota=5'],
    ['--cpuset-cpus=x'], ['--cpuset-mems=0-'], ['--cpuset-cpus=3-1'],
    ['--blkio-weight=5'], ['--blkio-weight=1001'],
    ['--blkio-weight-device=/dev/sda'], ['--blkio-weight-device=/dev/sda:5'],
    ['--device-read-bps=sda:1mb'], ['--device-read-bps=/dev/sda:0'],
    ['--device-read-bps=/dev/sda:x'], ['--device-read-iops=/dev/sda:1mb'],
    ['--memory-swappiness=50'],
    ['--group-add', Array.from({ length: 1025 }, (_, id) => id).join(',')],
    ['--timeout=-5'], ['--timeout=4294967296'],
    ['--cgroup-parent=/x', '--cgroups=disabled'],
  ];
  for (const flags of bad) assert.throws(() => request(...flags), EngineError, flags.join(' '));
});
