/**
 * Compares layers with their recipes: workers that are root in the user's namespace, one for
 * each processor, take parts of layers until none is left.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { SystemError } from '@berth/errors';
import { spawnWorker } from '@berth/isolation';
import type { TreeDifference, VerifyAnswer, VerifyJob } from '@berth/layers';
import type { LayerRecord } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { treePolicy } from '../images/tree-policy.ts';

/** What is wrong with one layer. */
export interface LayerDamage {
  diffId: string;
  differences: readonly TreeDifference[];
  /** Differences beyond those listed. */
  more: number;
  recipeProblem: string | undefined;
}

/** Layers of this size are cut into as many parts as there are workers. */
const PART_BYTES = 16 * 1024 * 1024;

/** The layers that differ from their recipes. */
export async function checkLayerTrees(
  engine: Engine,
  records: readonly LayerRecord[],
  { quick }: { quick: boolean },
): Promise<LayerDamage[]> {
  // Without a namespace a worker lends itself rights, which others would take for damage.
  const workers = engine.enter.withoutNamespace ? 1 : availableParallelism();
  const jobs = records
    .flatMap((record) => jobsOf(engine, record, { quick, workers }))
    .sort((one, other) => other.weight - one.weight);
  const found = new Map<string, LayerDamage>();
  const pending = jobs.map(({ job }) => job);
  const running = Array.from({ length: Math.min(workers, pending.length) }, () =>
    runWorker(engine, pending, (job, answer) => collect(found, job, answer)),
  );
  await Promise.all(running);
  return [...found.values()].filter(({ diffId }) => engine.store.layers.has(diffId));
}

function jobsOf(
  engine: Engine,
  record: LayerRecord,
  { quick, workers }: { quick: boolean; workers: number },
): { job: VerifyJob; weight: number }[] {
  const { layers } = engine.store;
  const parts = Math.min(workers, Math.ceil((record.sizeBytes + 1) / PART_BYTES));
  return Array.from({ length: parts }, (_, part) => ({
    weight: record.sizeBytes / parts,
    job: {
      tree: layers.treePath(record.diffId),
      recipe: layers.recipePath(record.diffId),
      diffId: record.diffId,
      recipeDigest: record.recipeDigest,
      owners: treePolicy(engine).owners,
      marks: record.marks,
      canLackAttributes: (record.skippedAttributes ?? 1) > 0,
      part,
      parts,
      quick,
    },
  }));
}

async function runWorker(
  engine: Engine,
  pending: VerifyJob[],
  take: (job: VerifyJob, answer: VerifyAnswer) => void,
): Promise<void> {
  const worker = spawnWorker(engine.enter, ['verify'], ['pipe', 'pipe', 'inherit']);
  const { stdin, stdout } = worker;
  if (stdin === null || stdout === null) {
    throw new SystemError('WORKER_FAILED', 'start check worker: no pipes');
  }
  // When a worker dies, its missing answer is noticed.
  stdin.on('error', () => undefined);
  const closed = once(worker, 'close');
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  for (let job = pending.shift(); job !== undefined; job = pending.shift()) {
    stdin.write(`${JSON.stringify(job)}\n`);
    const answer = await answers.next();
    if (answer.done === true) {
      throw new SystemError('WORKER_LOST', 'check layers: the worker ended without an answer');
    }
    take(job, JSON.parse(answer.value) as VerifyAnswer);
  }
  stdin.end();
  await closed;
}

function collect(found: Map<string, LayerDamage>, job: VerifyJob, answer: VerifyAnswer): void {
  if (answer.differences.length === 0 && answer.recipeProblem === undefined) {
    return;
  }
  const { diffId } = job;
  const known = found.get(diffId);
  found.set(diffId, {
    diffId,
    differences: [...(known?.differences ?? []), ...answer.differences],
    more: (known?.more ?? 0) + answer.more,
    recipeProblem: known?.recipeProblem ?? answer.recipeProblem,
  });
}
