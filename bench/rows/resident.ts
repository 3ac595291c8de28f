/**
 * Rows for what stays in memory: an idle container, a container in the foreground, and nothing.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf } from '../../test/e2e/leaks.ts';
import type { Engine } from '../engine.ts';
import { IMAGE } from '../ground.ts';
import type { Ground } from '../ground.ts';
import type { Line, Row } from '../row.ts';

const NAME = 'bench-idle';
const SETTLE_MS = 1500;
const CONTAINER_COMMAND = /^sleep \d+$/;
const NETWORK_COMMAND = /pasta|passt|slirp4netns/;

/** The rows of this file. */
export const residentRows: readonly Row[] = [
  { name: 'idle', rounds: 1, measure: measureIdle },
  { name: 'foreground', rounds: 1, measure: measureForeground },
];

interface Resident {
  processes: number;
  kib: number;
}

async function measureIdle(ground: Ground): Promise<Line[]> {
  const processes: Record<string, number> = {};
  const memory: Record<string, number> = {};
  const left: Record<string, number> = {};
  for (const engine of ground.engines()) {
    engine.run('run', '-d', '--name', NAME, IMAGE, 'sleep', '1000');
    await sleep(SETTLE_MS);
    const resident = residentOf(engine);
    processes[engine.name] = resident.processes;
    memory[engine.name] = resident.kib;
    engine.run('rm', '--force', '--time', '0', NAME);
    await sleep(SETTLE_MS);
    left[engine.name] = residentOf(engine).processes;
  }
  return [
    { title: 'idle container: processes, without the network helper', unit: 'processes',
      medians: processes, atMost: 1 },
    { title: 'idle container: memory (PSS), without the network helper', unit: 'KiB',
      medians: memory, atMost: 300 },
    { title: 'processes left when the last container is gone', unit: 'processes',
      medians: left, atMost: 0 },
  ];
}

async function measureForeground(ground: Ground): Promise<Line[]> {
  const memory: Record<string, number> = {};
  for (const engine of ground.engines()) {
    const [program = '', ...first] = engine.command;
    const child = spawn(program, [...first, 'run', '--rm', IMAGE, 'sleep', '3'], {
      env: engine.environment, stdio: 'ignore',
    });
    await sleep(SETTLE_MS);
    memory[engine.name] = residentOf(engine).kib;
    await new Promise((resolve) => { child.on('exit', resolve); });
  }
  return [{
    title: 'foreground container: memory of ours (PSS)', unit: 'KiB', medians: memory,
    atMost: 2048,
  }];
}

/** The engine's own processes: not the container's, not the network helper. */
function residentOf(engine: Engine): Resident {
  const own = processesOf(engine.home)
    .filter(({ what }) => !CONTAINER_COMMAND.test(what) && !NETWORK_COMMAND.test(what));
  return {
    processes: own.length,
    kib: own.reduce((sum, { pid }) => sum + pssKib(pid), 0),
  };
}

function pssKib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? Number.NaN);
}
