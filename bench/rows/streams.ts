/**
 * Rows for what flows through a container: standard input to standard output, and logs.
 */
import { IMAGE } from '../ground.ts';
import type { Ground } from '../ground.ts';
import { inTurns } from '../measure.ts';
import type { Medians } from '../measure.ts';
import type { Row } from '../row.ts';
import { timeOf } from '../engine.ts';

const MIB_WITHOUT_LOG = 1024;
const MIB_WITH_LOG = 128;
const LINES = 100_000;
const NAME = 'bench-logs';

/** The rows of this file. */
export const streamRows: readonly Row[] = [
  {
    name: 'stream',
    rounds: 3,
    measure: async (ground, rounds) => {
      const bare = pipeline(MIB_WITHOUT_LOG, '/bin/busybox cat');
      const medians = await inTurns({
        ...ground.each(async (engine) => engine.timeOfLine(
          pipeline(MIB_WITHOUT_LOG, `"$@" run --rm -i --network none ${IMAGE} cat`),
        )),
        'bare pipe': async () => timeOf(['sh', '-c', bare], {}),
      }, rounds);
      return [{
        title: '1 GiB through run --rm -i IMG cat',
        unit: 'MiB/s',
        medians: rates(medians, MIB_WITHOUT_LOG),
        goals: [{ share: 10, of: 'podman', atLeast: true },
          { share: 4 / 5, of: 'bare pipe', atLeast: true }],
      }];
    },
  },
  {
    name: 'stream-log',
    rounds: 3,
    measure: async (ground, rounds) => {
      const medians = await inTurns(ground.each(async (engine) => {
        const run = `"$@" run --name ${NAME} -i --log-driver k8s-file --network none ${IMAGE} cat`;
        const milliseconds = await engine.timeOfLine(pipeline(MIB_WITH_LOG, run, textSource));
        engine.run('rm', NAME);
        return milliseconds;
      }), rounds);
      return [{
        title: '128 MiB of lines through run -i IMG cat, with a log kept',
        unit: 'MiB/s',
        medians: rates(medians, MIB_WITH_LOG),
        goals: [{ share: 4, of: 'podman', atLeast: true }],
      }];
    },
  },
  { name: 'logs', rounds: 5, measure: measureLogs },
];

const zeroSource = (mib: number): string => `head -c ${mib}M /dev/zero`;
const textSource = (mib: number): string => `yes "a line of a log, as programs write them" `
  + `| head -c ${mib}M`;

function pipeline(mib: number, through: string, source = zeroSource): string {
  return `${source(mib)} | ${through} | cat >/dev/null`;
}

function rates(medians: Medians, mib: number): Medians {
  return Object.fromEntries(
    Object.entries(medians).map(([name, milliseconds]) => [name, mib / (milliseconds / 1000)]),
  );
}

async function measureLogs(ground: Ground, rounds: number) {
  const script = `i=0; while [ $i -lt ${LINES} ]; do echo "line $i of the log"; i=$((i+1)); done`;
  for (const engine of ground.engines()) {
    engine.run('run', '-d', '--name', NAME, '--log-driver', 'k8s-file', '--network', 'none',
      IMAGE, 'sh', '-c', script);
    engine.run('wait', NAME);
  }
  const medians = await inTurns(ground.each(async (engine) => engine.time('logs', NAME)), rounds);
  for (const engine of ground.engines()) engine.run('rm', NAME);
  return [{
    title: 'logs of 100,000 lines', unit: 'ms' as const, medians,
    goals: [{ share: 1 / 2, of: 'podman' }],
  }];
}
