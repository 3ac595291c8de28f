/** What is written to the files of cgroup v2. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { limitWrites, writesInFolder } from '../src/cgroup-files.ts';

const lines = (writes: readonly { file: string; value: string }[]): string[] =>
  writes.map(({ file, value }) => `${file} = ${value}`);

test('limitWrites() says each limit in the words of its file', () => {
  const writes = limitWrites({
    memoryBytes: 1000, memoryReservationBytes: 500, swapBytes: Infinity, pids: 20,
    cpus: 0.5, cpuPeriodUs: 50_000, cpuWeight: 100, processors: [0, 2], memoryNodes: [0],
    ioWeight: 5000,
    ioDevices: [
      { device: '254:0', kind: 'weight', value: 200 },
      { device: '254:0', kind: 'rbps', value: 1_048_576 },
      { device: '254:16', kind: 'wiops', value: 10 },
    ],
  });
  assert.deepEqual(lines(writes), [
    'memory.max = 1000', 'memory.low = 500', 'memory.swap.max = max', 'pids.max = 20',
    'cpu.weight = 100', 'cpu.max = 25000 50000', 'cpuset.cpus = 0,2', 'cpuset.mems = 0',
    'io.weight = default 5000', 'io.weight = 254:0 200', 'io.max = 254:0 rbps=1048576',
    'io.max = 254:16 wiops=10',
  ]);
  assert.deepEqual(new Set(writes.map(({ controller }) => controller)),
    new Set(['memory', 'pids', 'cpu', 'cpuset', 'io']));
});

test('limitWrites() gives a period alone no quota', () => {
  assert.deepEqual(lines(limitWrites({ cpuPeriodUs: 20_000 })), ['cpu.max = max 20000']);
  assert.deepEqual(lines(limitWrites({ cpus: 2 })), ['cpu.max = 200000 100000']);
});

test('writesInFolder() takes the ways that the kernel has, and names what it lacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cgroup-files-'));
  try {
    writeFileSync(join(folder, 'io.bfq.weight'), '');
    writeFileSync(join(folder, 'memory.max'), '');
    const wanted = limitWrites({
      memoryBytes: 1, swapBytes: 1, ioWeight: 10_000,
      ioDevices: [{ device: '8:0', kind: 'weight', value: 100 }],
    });
    const { writes, missing } = writesInFolder(folder, wanted);
    assert.deepEqual(lines(writes),
      ['memory.max = 1', 'io.bfq.weight = 1000', 'io.bfq.weight = 8:0 100']);
    assert.deepEqual(missing, ['memory.swap.max']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
