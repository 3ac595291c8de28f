/**
 * Looks for an order of concurrent commands that explains all their answers: every step of a
 * command lies between its begin and its end, and each answer is one that the model gives there.
 */
import { advance, BEGIN, DONE, isInFront, type Act, type Progress } from './life-cycle.ts';
import { NOTHING, textOf, type World } from './world.ts';

/** A command that was run, and when. */
export interface TimedAct extends Act {
  readonly begin: number;
  readonly end: number;
}

/** What was found: an order, none, or no answer within the limit. */
export type Verdict = 'explained' | 'unexplained' | 'undecided';

/** So many situations are looked at; an order is mostly found among the first hundred. */
const LIMIT = 100_000;

/**
 * Whether some order of the commands allows all of their answers, from an empty world on. It is
 * looked for from different ends: mostly commands take effect as they began, or as they ended.
 */
export function explain(acts: readonly TimedAct[]): Verdict {
  const byBegin = [...acts].sort((one, other) => one.begin - other.begin);
  const byEnd = [...acts].sort((one, other) => one.end - other.end);
  for (const ordered of [byBegin, byEnd, byBegin.toReversed()]) {
    const verdict = new Search(ordered).run();
    if (verdict !== 'undecided') return verdict;
  }
  return 'undecided';
}

interface Situation {
  readonly world: World;
  readonly progress: readonly Progress[];
}

/** Depth first, in the order given; no situation is looked at twice. */
class Search {
  readonly #acts: readonly TimedAct[];
  readonly #seen = new Set<string>();

  constructor(acts: readonly TimedAct[]) {
    this.#acts = acts;
  }

  run(): Verdict {
    const stack: Situation[] = [{ world: NOTHING, progress: this.#acts.map(() => BEGIN) }];
    for (let now = stack.pop(); now !== undefined; now = stack.pop()) {
      if (now.progress.every(({ step }) => step === DONE)) return 'explained';
      const key = keyOf(now);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (this.#seen.size > LIMIT) return 'undecided';
      stack.push(...this.#after(now).reverse());
    }
    return 'unexplained';
  }

  /**
   * What may come next: a step of any command that had begun before another's end. One that never
   * changes anything gives its answer as soon as it can where nothing had to happen for that: no
   * later moment could be better.
   */
  #after({ world, progress }: Situation): Situation[] {
    const open = this.#acts.filter((_, index) => progress[index]?.step !== DONE);
    const firstEnd = Math.min(...open.map(({ end }) => end));
    const next: Situation[] = [];
    for (const [index, act] of this.#acts.entries()) {
      const own = progress[index];
      if (own === undefined || own.step === DONE || act.begin > firstEnd) continue;
      for (const outcome of advance(world, act, own)) {
        const situation = {
          world: outcome.world, progress: progress.with(index, outcome.progress),
        };
        const isDone = outcome.progress.step === DONE && outcome.world === world;
        if (isDone && isHarmless(act)) return [situation];
        next.push(situation);
      }
    }
    return next;
  }
}

/** What only looks, and what was refused; of these two, that may have done half of its work. */
function isHarmless({ verb, answer }: Act): boolean {
  const only = ['inspect', 'logs', 'wait', 'exec'].includes(verb) || isInFront(verb);
  return only || (answer.kind !== 'ok' && verb !== 'restart' && verb !== 'rename');
}

function keyOf({ world, progress }: Situation): string {
  return `${textOf(world)} ${progress.map(({ step, box, run }) => `${step},${box},${run}`).join()}`;
}
