/** Builds the child of the crash tests once, runs it on copies of a prepared store. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { openStore } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import type { Operation } from './operations.ts';

export interface ChildResult {
  /** Number of state-changing calls; undefined when it was killed. */
  readonly calls: number | undefined;
  readonly status: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly store: Store;
}

/** Everything that two holders of the lock may do is right, so the tests never wait for it. */
const acquireLock = (): Promise<() => Promise<void>> => Promise.resolve(() => Promise.resolve());

/** The built child lies where no library is found, and locks need koffi. */
const LIBRARIES_OF_HOST = join(import.meta.dirname, '../../../host/node_modules');

/** A directory with the built child, and copies of stores; `close` removes it. */
export class CrashBench {
  readonly #root = mkdtempSync(join(tmpdir(), 'berth-crash-'));
  #copies = 0;

  constructor() {
    const source = (name: string): string => join(import.meta.dirname, name);
    for (const name of ['crashing-fs', 'operation-child']) {
      buildSync({
        entryPoints: [source(`${name}.ts`)], outfile: join(this.#root, `${name}.cjs`),
        bundle: true, platform: 'node', format: 'cjs', external: ['koffi'], logLevel: 'error',
        logOverride: { 'empty-import-meta': 'silent' },
      });
    }
  }

  async prepare(operation: Operation): Promise<void> {
    const directory = join(this.#root, 'prepared');
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
    await operation.prepare(this.#open('prepared'));
  }

  /** What there is before the operation. */
  prepared(): Store {
    return this.#open('prepared');
  }

  /** Runs the operation on a copy of what was prepared. */
  run(name: string, environment: Readonly<Record<string, string>>): ChildResult {
    this.#copies += 1;
    const copy = `copy-${this.#copies}`;
    const data = join(this.#root, copy, 'data');
    cpSync(join(this.#root, 'prepared'), join(this.#root, copy), {
      recursive: true, verbatimSymlinks: true, preserveTimestamps: true, force: true,
    });
    const child = spawnSync(process.execPath, [
      '--require', join(this.#root, 'crashing-fs.cjs'), join(this.#root, 'operation-child.cjs'),
      name, data, join(this.#root, copy, 'run'),
    ], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', NODE_PATH: LIBRARIES_OF_HOST, ...environment },
    });
    const calls = /calls (\d+)\n/.exec(child.stdout)?.[1];
    return {
      calls: calls === undefined ? undefined : Number(calls),
      status: child.status, signal: child.signal, output: child.stdout + child.stderr,
      store: this.#open(copy),
    };
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #open(name: string): Store {
    const root = join(this.#root, name);
    return openStore({ data: join(root, 'data'), run: join(root, 'run') }, { acquireLock });
  }
}
