/** The worker as a program, for tests. */
import { runApplyWorker } from '../src/index.ts';

void runApplyWorker().then((status) => {
  process.exitCode = status;
});
