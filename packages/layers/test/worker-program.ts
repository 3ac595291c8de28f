/** The worker as a program, for tests. */
import { runApplyWorker } from '../src/index.ts';

void runApplyWorker(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
