/**
 * A user without subordinate ids, for tests: scripts that run where one id is mapped. Everything of
 * one script shares a user namespace; what a script leaves running, no other can reach.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { execute } from './execute.ts';
import type { Lab } from './harness.ts';

/** Runs a command as a user without subordinate ids. */
export const ONE_ID = path.resolve(import.meta.dirname, '../lab/one-id');

/** The surroundings of a test file, without subordinate ids. */
export interface OneId {
  /** Where berth keeps its data there, the layout's version included. */
  readonly data: string;
  /** Runs a script of sh, which must exit with 0; `berth` in it is the program under test. */
  run(script: string): Promise<string>;
}

/** Has a store of its own below the lab's folder; the caller removes what he makes. */
export function openOneId(lab: Lab): OneId {
  const data = path.join(lab.folder, 'one-id');
  const berth = lab.command.map((word) => `'${word}'`).join(' ');
  return {
    data,
    async run(script) {
      const whole = `berth() { ${berth} --root '${data}' "$@"; }\n${script}`;
      const { status, stdout, stderr } = await execute([ONE_ID, 'sh', '-euc', whole], {
        env: lab.environment, cwd: lab.folder, timeoutMs: 120_000,
      });
      assert.equal(status, 0, `${script}\n${stdout}\n${stderr}`);
      return stdout.trim();
    },
  };
}
