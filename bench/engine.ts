/**
 * The engines under measurement, berth and podman, each with a home and a runtime folder of its
 * own, and ways to run one command of theirs: for its time, its output, its processor time.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

/** What GNU time says of a command and the children that it waited for. */
export interface Usage {
  wallMs: number;
  userMs: number;
  peakBytes: number;
}

/** A container engine with a store of its own. */
export class Engine {
  readonly name: string;
  readonly home: string;
  readonly runtime: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;

  constructor(name: string, command: readonly string[], folder: string) {
    this.name = name;
    this.command = command;
    this.home = path.join(folder, name);
    mkdirSync(this.home, { recursive: true });
    this.runtime = mkdtempSync('/tmp/bench-');
    writeStorageConfiguration(this.home, this.runtime);
    this.environment = {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: this.home,
      XDG_RUNTIME_DIR: this.runtime,
      LANG: 'C.UTF-8',
    };
  }

  /** Runs a command of the engine, which must succeed; its standard output. */
  run(...args: string[]): string {
    const [program = '', ...first] = this.command;
    const run = spawnSync(program, [...first, ...args], {
      env: this.environment, cwd: this.home, encoding: 'utf8', maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (run.status !== 0) {
      throw new Error(`${this.name} ${args.join(' ')}: exit ${run.status}\n${run.stderr}`);
    }
    return run.stdout.trim();
  }

  /** Milliseconds until a command of the engine has ended; it must succeed. */
  async time(...args: string[]): Promise<number> {
    return timeOf([...this.command, ...args], this.environment);
  }

  /** Milliseconds of a shell line in which "$@" stands for the engine's program. */
  async timeOfLine(line: string): Promise<number> {
    return timeOf(['sh', '-c', line, 'sh', ...this.command], this.environment);
  }

  /** Wall and user time and peak memory of a command of the engine, by GNU time. */
  usage(...args: string[]): Usage {
    const run = spawnSync('/usr/bin/time', ['-f', '%e %U %M', ...this.command, ...args], {
      env: this.environment, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (run.status !== 0) throw new Error(`${this.name} ${args.join(' ')}: ${run.stderr}`);
    const words = run.stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
    const [seconds = 0, userSeconds = 0, peakKib = 0] = words;
    return { wallMs: seconds * 1000, userMs: userSeconds * 1000, peakBytes: peakKib * 1024 };
  }

  /** Removes all containers and the store; files of subordinate ids need a user namespace. */
  close(): void {
    this.run('rm', '--all', '--force', '--time', '0');
    const wipe = ['--map-root-user', '--map-auto', 'rm', '-rf', this.home, this.runtime];
    spawnSync('unshare', wipe, { stdio: 'ignore' });
    for (const folder of [this.home, this.runtime]) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/**
 * Podman's choice of a driver depends on what ran before; overlay is its fastest. Its runroot must
 * be shorter than 50 characters: else its clean-up fails, unseen, and every run takes 20 s.
 */
function writeStorageConfiguration(home: string, runtime: string): void {
  const folder = path.join(home, '.config/containers');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'storage.conf'), [
    '[storage]', 'driver = "overlay"', `runroot = "${runtime}/containers"`,
    `graphroot = "${home}/.local/share/containers/storage"`, '',
  ].join('\n'));
}

/** Milliseconds until a program has ended; it must succeed. */
export async function timeOf(
  words: readonly string[], env: Readonly<Record<string, string>>,
): Promise<number> {
  const [program = '', ...args] = words;
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text; });
    child.on('error', reject);
    child.on('exit', (status) => {
      const wallMs = performance.now() - begin;
      if (status === 0) resolve(wallMs);
      else reject(new Error(`${words.join(' ')}: exit ${status}\n${complaint}`));
    });
  });
}
