/**
 * Twenty containers started at once: they should take the machine's cores, not turns.
 */
import { IMAGE } from '../ground.ts';
import { inTurns } from '../measure.ts';
import type { Row } from '../row.ts';

const AT_ONCE = 20;
const ARGS = ['run', '--rm', '--network', 'none', IMAGE, 'true'];

/** The rows of this file. */
export const parallelRows: readonly Row[] = [{
  name: 'run-20',
  rounds: 5,
  measure: async (ground, rounds) => {
    const all = await inTurns(ground.each(async (engine) => {
      const begin = performance.now();
      await Promise.all(Array.from({ length: AT_ONCE }, async () => engine.time(...ARGS)));
      return performance.now() - begin;
    }), rounds);
    const one = await inTurns(ground.each(async (engine) => engine.time(...ARGS)), rounds);
    return [
      { title: '20 × run --rm at once', unit: 'ms', medians: all,
        goals: [{ share: 1 / 8, of: 'podman' }] },
      { title: '20 × run --rm at once, per container',
        unit: 'ms',
        medians: {
          berth: (all['berth'] ?? Number.NaN) / AT_ONCE,
          'one at a time': one['berth'] ?? Number.NaN,
        },
        goals: [{ share: 1, of: 'one at a time' }] },
    ];
  },
}];
