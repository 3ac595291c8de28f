/**
 * Rows for commands that users wait for dozens of times a day: starting a container, entering one,
 * and asking for lists.
 */
import { IMAGE } from '../ground.ts';
import type { Ground } from '../ground.ts';
import { inTurns } from '../measure.ts';
import type { Goal, Row } from '../row.ts';

const HALF: readonly Goal[] = [{ share: 1 / 2, of: 'podman' }];
const CONTAINER = 'bench';

/** The rows of this file. */
export const commandRows: readonly Row[] = [
  {
    name: 'run-none',
    rounds: 20,
    measure: async (ground, rounds) => {
      const args = ['run', '--rm', '--network', 'none', IMAGE, 'true'];
      const contenders = ground.each(async (engine) => engine.time(...args));
      return [{
        title: 'run --rm --network none IMG true',
        unit: 'ms',
        medians: await inTurns({ ...contenders, crun: ground.bundleSample() }, rounds),
        goals: [{ share: 1 / 6, of: 'podman' }, { share: 2, of: 'crun' }],
      }];
    },
  },
  {
    name: 'run',
    rounds: 15,
    measure: async (ground, rounds) => [{
      title: 'run --rm IMG true, default network',
      unit: 'ms',
      medians: await inTurns(
        ground.each(async (engine) => engine.time('run', '--rm', IMAGE, 'true')), rounds,
      ),
      goals: [{ share: 1 / 4, of: 'podman' }],
    }],
  },
  {
    name: 'exec',
    rounds: 20,
    measure: async (ground, rounds) => withContainer(ground, async () => [{
      title: 'exec C true',
      unit: 'ms',
      medians: await inTurns(
        ground.each(async (engine) => engine.time('exec', CONTAINER, 'true')), rounds,
      ),
      goals: [{ share: 1 / 6, of: 'podman' }],
    }]),
  },
  askingRow('version', ['version']),
  askingRow('ps', ['ps']),
  askingRow('images', ['images']),
  askingRow('inspect', ['inspect', CONTAINER]),
  {
    name: 'ps-1000',
    rounds: 10,
    measure: measureManyContainers,
  },
];

function askingRow(name: string, args: string[]): Row {
  return {
    name,
    rounds: 20,
    measure: async (ground, rounds) => withContainer(ground, async () => [{
      title: args[0] === 'inspect' ? 'inspect C' : args.join(' '),
      unit: 'ms',
      medians: await inTurns(ground.each(async (engine) => engine.time(...args)), rounds),
      goals: HALF,
    }]),
  };
}

async function withContainer<T>(ground: Ground, use: () => Promise<T>): Promise<T> {
  for (const engine of ground.engines()) {
    engine.run('run', '-d', '--name', CONTAINER, '--network', 'none', IMAGE, 'sleep', '1000');
  }
  try {
    return await use();
  } finally {
    for (const engine of ground.engines()) engine.run('rm', '--force', '--time', '0', CONTAINER);
  }
}

async function measureManyContainers(ground: Ground, rounds: number) {
  const list = async (): Promise<Readonly<Record<string, number>>> =>
    inTurns(ground.each(async (engine) => engine.time('ps', '-a')), rounds);
  const none = await list();
  for (const engine of ground.engines()) {
    // Eight at once: one after another podman takes minutes for them.
    await engine.timeOfLine(`seq 1000 | xargs -P 8 -I{} "$@" create --name many-{} `
      + `--network none ${IMAGE} true`);
  }
  const many = await list();
  for (const engine of ground.engines()) engine.run('rm', '--all', '--force');
  return [{
    title: 'ps -a with 1,000 containers',
    unit: 'ms' as const,
    medians: { ...many, 'berth with none': none['berth'] ?? Number.NaN },
    goals: [{ share: 1 / 4, of: 'podman' }, { share: 3, of: 'berth with none' }],
  }];
}
