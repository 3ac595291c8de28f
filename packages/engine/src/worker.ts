/** The hidden worker entry: what this program does when it has started itself in a namespace. */
import { UsageError } from '@berth/errors';
import {
  runApplyWorker,
  runChangesWorker,
  runExportWorker,
  runMendWorker,
  runReproduceWorker,
  runShareWorker,
  runUnpackWorker,
  runVerifyWorker,
} from '@berth/layers';
import { GIVE_WORKER, runGiveWorker } from './volumes/volume-owner.ts';

/** Does the worker's whole work; answers its exit status. */
export async function runWorker(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === 'apply') {
    return runApplyWorker();
  }
  if (name === 'changes') {
    return runChangesWorker(args);
  }
  if (name === 'export') {
    return runExportWorker(args);
  }
  if (name === GIVE_WORKER) {
    return runGiveWorker(args);
  }
  if (name === 'mend') {
    return runMendWorker();
  }
  if (name === 'reproduce') {
    return runReproduceWorker(args);
  }
  if (name === 'share') {
    return runShareWorker();
  }
  if (name === 'unpack') {
    return runUnpackWorker(args);
  }
  if (name === 'verify') {
    return runVerifyWorker();
  }
  throw new UsageError('NO_SUCH_WORKER', `start worker "${name ?? ''}": no such worker`);
}
