/**
 * test-files.ts CONCURRENCY FILE...: runs files of tests. On a busy machine one of a thousand tests
 * that start processes may fail for no fault of the program: few files that failed get a second
 * run, alone, and are named at the end where that passed, to be looked at.
 */
import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** More failures than these are not the machine's. */
const SECOND_RUNS = 2;

/** Runs the files, with a report on standard output. Returns those in which anything failed. */
async function failures(files: string[], concurrency: number): Promise<string[]> {
  const failed = new Set<string>();
  const events = run({ files, concurrency });
  events.on('test:fail', ({ file }) => failed.add(file ?? ''));
  const report = events.compose(new spec());
  for await (const text of report) process.stdout.write(String(text));
  return [...failed];
}

const [concurrency = '1', ...files] = process.argv.slice(2);
let failed = await failures(files, Number(concurrency));
if (failed.length > 0 && failed.length <= SECOND_RUNS) {
  // A test is said to be of the file that defines it, which may be a module of several files.
  const named = files.map((file) => resolve(file));
  const first = failed.every((file) => named.includes(file)) ? failed : named;
  process.stdout.write(`second run, alone: ${first.join(' ')}\n`);
  failed = await failures(first, 1);
  for (const file of first.filter((name) => !failed.includes(name))) {
    process.stdout.write(`unsteady: failed once, passed alone: ${file}\n`);
  }
}
process.exitCode = failed.length > 0 ? 1 : 0;
