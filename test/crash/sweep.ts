/**
 * Stops one command at one of its state-changing calls, then looks: everything that was there
 * before and is no business of the command is there, the next command works, and when all is
 * removed nothing is left.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute } from '../e2e/execute.ts';
import type { Result } from '../e2e/execute.ts';
import { processesOf } from '../e2e/leaks.ts';

import { EXTRA } from './ground.ts';
import type { Ground, Scenario } from './ground.ts';

/** What happens at the call: a kill of its process or of all, nothing, or an error. */
export type How = 'one' | 'all' | 'none' | 'ENOSPC' | 'EDQUOT' | 'EIO' | 'EMFILE' | 'ENOMEM';

/** One point of a sweep. */
export interface Point {
  readonly at: number;
  readonly how: How;
  /** A script that runs first, to its end, while the command stands still. */
  readonly between?: string;
}

/** The JavaScript runtime itself gives up when it gets no descriptor while it starts. */
const isOfRuntime = ({ status, stderr }: Result): boolean =>
  status === RUNTIME_ABORTED || stderr.includes('OpenSSL configuration error');
const RUNTIME_ABORTED = 134;
const COMMAND_MS = 30_000;
const SETTLE_MS = 5_000;
const BUG = /bug in berth|Assertion|TypeError|RangeError/;

/** Builds the tracer and sweeps scenarios on one ground. */
export class Sweep {
  readonly #ground: Ground;
  readonly #stopAt: string;
  readonly #countFile: string;

  constructor(ground: Ground) {
    this.#ground = ground;
    const { folder } = ground.lab;
    this.#stopAt = path.join(folder, 'stop-at');
    this.#countFile = path.join(folder, 'count');
    execFileSync('cc', ['-O1', '-o', this.#stopAt, path.join(import.meta.dirname, 'stop-at.c')]);
  }

  /** False when the command came to its end before that call. */
  async tryPoint(scenario: Scenario, point: Point): Promise<boolean> {
    const { lab, image } = this.#ground;
    await scenario.prepare?.(this.#ground);
    const { result, isMet } = await this.stop(scenario.args(this.#ground), point);
    if (point.how.startsWith('E') && result.status !== 0 && !isOfRuntime(result)) {
      assert.match(result.stderr, /^(Error|Warning): /m, `status ${result.status}, no word`);
    }
    await lab.ok(['ps', '-a']);
    await lab.ok(['volume', 'ls']);
    assert.match(await lab.ok(['images', '--format', '{{.Repository}}:{{.Tag}}']),
      new RegExp(`^${image}$`, 'm'));
    await scenario.next(this.#ground);
    await this.clean();
    return isMet;
  }

  /** Runs berth and lets that happen at that call; false when it ended before. */
  async stop(
    args: readonly string[], { at, how, between }: Point,
  ): Promise<{ result: Result; isMet: boolean }> {
    const { lab } = this.#ground;
    const words = [this.#stopAt, String(at), how, this.#countFile, ...lab.command, ...args];
    const env = { ...lab.environment, STOP_AT_BETWEEN: between };
    const result = await execute(words, { env, cwd: lab.home, timeoutMs: COMMAND_MS });
    assert.doesNotMatch(result.stderr, BUG);
    return { result, isMet: Number(readFileSync(this.#countFile, 'utf8')) >= at };
  }

  /** Everything but the image is removed; then nothing may be left. */
  async clean(): Promise<void> {
    const { lab, remote } = this.#ground;
    await lab.ok(['rm', '-f', '-t', '0', '--all']);
    await lab.ok(['rmi', '--ignore', EXTRA, 'localhost/more:1', remote]);
    await lab.ok(['system', 'prune', '-f', '--volumes']);
    for (let leftMs = SETTLE_MS; this.#left().length > 0 && leftMs > 0; leftMs -= 50) {
      await sleep(50);
    }
    assert.deepEqual(this.#left(), [], 'something is left');
    const { status, stdout } = await lab.berth(['system', 'check', '--quick']);
    assert.equal(status, 0, stdout);
    assert.doesNotMatch(stdout, /^Unused/m);
  }

  /** After a fault: what is left of it would be found at every later point. */
  async forget(): Promise<void> {
    const { lab } = this.#ground;
    await lab.berth(['rm', '-f', '-t', '0', '--all']);
    for (const path of this.#left().filter((what) => what.startsWith('/'))) {
      rmSync(path, { recursive: true, force: true });
    }
    await lab.berth(['system', 'check', '--repair']);
  }

  #left(): string[] {
    const { lab } = this.#ground;
    const data = path.join(lab.data, 'v1');
    const folders = ['staging', 'trash', 'volumes', 'containers/names', 'blobs/partial']
      .map((name) => path.join(data, name));
    const files = [...folders, path.join(lab.runtime, 'berth/containers')].flatMap((folder) =>
      entries(folder).map((name) => path.join(folder, name)));
    const containers = entries(path.join(data, 'containers')).filter((name) => name !== 'names');
    const processes = processesOf(lab.folder).map(({ what }) => what)
      .filter((what) => what.includes('berth-native'));
    return [...files, ...containers, ...processes];
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
