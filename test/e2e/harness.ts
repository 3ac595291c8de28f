/**
 * The ground that end-to-end tests stand on: a store and a runtime folder of its own for each test
 * file, berth run as a user would run it, a second user, and a check at the end that nothing is
 * left: no process, no mount, no file. test/README.md says how to use it.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archiveOf } from '../lab/images.ts';
import type { SmallImage } from '../lab/images.ts';
import { execute, start } from './execute.ts';
import type { ExecuteOptions, Result, Started } from './execute.ts';
import { findLeaks, processesOf } from './leaks.ts';
import { executeAsSecondUser } from './second-user.ts';

/** How one berth command is run; `home` and `runtime` default to the lab's. */
export interface BerthOptions extends ExecuteOptions {
  /** Replaces the folder of XDG_RUNTIME_DIR; `false` leaves the variable unset. */
  runtime?: string | false;
}

/** The surroundings of one test file. */
export interface Lab {
  /** A folder of the test file's own, removed at the end. */
  readonly folder: string;
  /** HOME of every command; its XDG folders lie below. */
  readonly home: string;
  /** XDG_RUNTIME_DIR of every command. */
  readonly runtime: string;
  /** The folder where berth keeps its data: $XDG_DATA_HOME/berth. */
  readonly data: string;
  /** The program under test and its first arguments: to be run by other means than berth(). */
  readonly command: readonly string[];
  /** The environment that berth() gives to commands. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs berth to its end. The status is the caller's to judge. */
  berth(args: readonly string[], options?: BerthOptions): Promise<Result>;
  /** Runs berth, which must exit with 0, and gives its standard output without the last newline. */
  ok(args: readonly string[], options?: BerthOptions): Promise<string>;
  /** Starts berth and returns at once. */
  start(args: readonly string[], options?: BerthOptions): Started;
  /** Runs berth on a terminal of its own; both outputs arrive in `stdout`. */
  terminal(args: readonly string[], options?: BerthOptions): Promise<Result>;
  /** Runs a script of sh on a terminal of its own, with berth()'s environment and folder. */
  inShell(script: string): Promise<Result>;
  /** As inShell(), with what is typed open until the caller ends it. */
  startInShell(script: string): Started;
  /** Runs berth as the second user, who has a store of his own. Needs `missing.secondUser`. */
  bob(args: readonly string[], options?: ExecuteOptions): Promise<Result>;
  /** Runs at the end of the file, before it is looked for what is left. */
  atEnd(clean: () => Promise<unknown>): void;
  /** Loads a small image made on the spot, and gives its name. */
  image(image?: Partial<SmallImage>): Promise<string>;
}

const ROOT = path.resolve(import.meta.dirname, '../..');
const DIST = process.env['BERTH_DIST'] ?? path.join(ROOT, 'dist');

/** Which build is tested: `bun` for dist/berth, `node` for dist/berth.cjs. */
export const BUILD = process.env['BERTH_BUILD'] === 'node' ? 'node' : 'bun';

/**
 * The surroundings for the calling test file. At the end of the file it fails when anything is
 * left running or mounted, or lies in the runtime folder, and then removes everything.
 */
export function openLab(): Lab {
  const scratch = process.env['BERTH_TEST_SCRATCH'] ?? tmpdir();
  const folder = mkdtempSync(path.join(scratch, 'e2e-'));
  chmodSync(folder, 0o755);
  const home = path.join(folder, 'home');
  const runtime = path.join(folder, 'run');
  for (const made of [home, runtime, path.join(folder, 'tmp')]) mkdirSync(made, { mode: 0o700 });
  const lab = new OpenLab(folder, home, runtime);
  after(async () => lab.close());
  return lab;
}

class OpenLab implements Lab {
  readonly folder: string;
  readonly home: string;
  readonly runtime: string;
  readonly data: string;
  readonly command = BUILD === 'bun'
    ? [path.join(DIST, 'berth')] : [process.execPath, '--', path.join(DIST, 'berth.cjs')];

  readonly environment: Readonly<Record<string, string>>;
  readonly #cleaners: (() => Promise<unknown>)[] = [];

  constructor(folder: string, home: string, runtime: string) {
    this.folder = folder;
    this.home = home;
    this.runtime = runtime;
    this.data = path.join(home, '.local/share/berth');
    this.environment = {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin:/usr/sbin:/sbin',
      HOME: home,
      USER: process.env['USER'] ?? 'nobody',
      LANG: 'C.UTF-8',
      TMPDIR: path.join(folder, 'tmp'),
      XDG_RUNTIME_DIR: runtime,
      BERTH_TEST_LAB: folder,
    };
  }

  async berth(args: readonly string[], options: BerthOptions = {}): Promise<Result> {
    return execute([...this.command, ...args], this.#complete(options));
  }

  async ok(args: readonly string[], options: BerthOptions = {}): Promise<string> {
    const { status, stdout, stderr } = await this.berth(args, options);
    assert.equal(status, 0, `berth ${args.join(' ')}: exit ${status}\n${stderr}`);
    return stdout.replace(/\n$/, '');
  }

  start(args: readonly string[], options: BerthOptions = {}): Started {
    return start([...this.command, ...args], this.#complete(options));
  }

  async terminal(args: readonly string[], options: BerthOptions = {}): Promise<Result> {
    const words = [...this.command, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    return execute(['script', '-qefc', words.join(' '), '/dev/null'], this.#complete(options));
  }

  async inShell(script: string): Promise<Result> {
    return execute(['script', '-qefc', script, '/dev/null'], this.#complete({}));
  }

  startInShell(script: string): Started {
    return start(['script', '-qefc', script, '/dev/null'], this.#complete({}));
  }

  async bob(args: readonly string[], options: ExecuteOptions = {}): Promise<Result> {
    return executeAsSecondUser([...this.command, ...args], options);
  }

  async image(image: Partial<SmallImage> = {}): Promise<string> {
    const { name, archive } = archiveOf(image, path.join(this.folder, 'tmp'));
    await this.ok(['load', '-q', '-i', archive]);
    rmSync(archive);
    return name;
  }

  atEnd(clean: () => Promise<unknown>): void {
    this.#cleaners.push(clean);
  }

  async close(): Promise<void> {
    for (const clean of this.#cleaners) await clean();
    // A run ends before its supervisor and network helper have: they get two seconds.
    for (let left = 40; processesOf(this.folder).length > 0 && left > 0; left--) await sleep(50);
    const leaks = findLeaks(this.folder, this.runtime);
    try {
      assert.deepEqual(leaks, [], 'something is left');
    } finally {
      await this.#remove();
    }
  }

  #complete({ runtime, ...options }: BerthOptions): ExecuteOptions {
    const env: Record<string, string | undefined> = { ...this.environment, ...options.env };
    if (runtime !== undefined) env['XDG_RUNTIME_DIR'] = runtime === false ? undefined : runtime;
    return { cwd: this.home, ...options, env };
  }

  /** Files of subordinate ids can only be removed from within a user namespace. */
  async #remove(): Promise<void> {
    try {
      rmSync(this.folder, { recursive: true, force: true });
    } catch {
      await execute(['unshare', '--map-root-user', '--map-auto', 'rm', '-rf', this.folder]);
    }
  }
}
