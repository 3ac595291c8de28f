/**
 * Runs scripts in the Debian machine of test/lab/vm, which has what a build machine lacks: systemd,
 * logins, cgroup controllers, another kernel. A script prints lines of TAP (guest/lib.sh); each
 * becomes a test.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { userInfo } from 'node:os';
import { after, test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { LAB_CACHE } from '../lab/probes.ts';

/** How a script is run. */
export interface MachineRun {
  script: string;
  user: 'alice' | 'bob' | 'root';
  /**
   * `container` is systemd-nspawn on the kernel of this machine, which takes a second; `emulated`
   * is QEMU with Debian's kernel and all cgroup controllers, where a program starts in a second.
   */
  on: 'container' | 'emulated';
}

const ROOT = path.resolve(import.meta.dirname, '../..');
const VM = path.join(ROOT, 'test/lab/vm');
const LAB_FAILED = 125;
/** Several times what a quiet machine takes to emulate. */
const LIMIT_SECONDS = 1200;

const environment = { ...process.env, XDG_CACHE_HOME: LAB_CACHE };
const missing = missingMachine();

/** Defines a test for each check of the script; one that is skipped where there is no machine. */
export function testInMachine(run: MachineRun): void {
  if (missing !== false) {
    test(`${run.script} in the machine`, { skip: missing }, () => undefined);
    return;
  }
  const { checks, whole, output } = outcome(run);
  for (const { title, failure } of checks) {
    test(title, () => assert.ok(failure === undefined, failure));
  }
  test(`${run.script} ran to its end`, () => assert.ok(whole, output));
}

/** False when the machine is built or can be, else what is missing. */
function missingMachine(): string | false {
  if (process.arch !== 'x64') return 'the machine is x86_64';
  if (userInfo().uid !== 0) return 'only root can build the machine of test/lab/vm';
  const built = spawnSync(VM, ['build'], { env: environment, encoding: 'utf8' });
  if (built.status === 0) return false;
  return `vm build: ${built.stderr.trim().split('\n').at(-1) ?? 'no reason given'}`;
}

interface Check {
  title: string;
  /** What a check that failed printed. */
  failure: string | undefined;
}

interface Outcome {
  checks: Check[];
  /** True when the script counted as many checks at its end as it printed. */
  whole: boolean;
  output: string;
}

function outcome(run: MachineRun): Outcome {
  const share = sharedFolder();
  const words = [
    'run', '--share', share, '--user', run.user, '--timeout', String(LIMIT_SECONDS),
    ...(run.on === 'emulated' ? ['--copy'] : []),
    '--', 'bash', `/mnt/share/guest/${run.script}`,
  ];
  const start = (...backend: string[]) =>
    spawnSync(VM, [...backend, ...words], { env: environment, encoding: 'utf8' });
  let result = run.on === 'container' ? start('--nspawn') : start();
  // Build machines without loop devices have no systemd-nspawn, but can emulate.
  if (run.on === 'container' && result.status === LAB_FAILED) result = start();
  return parse(result.stdout, `${result.stdout}\n${result.stderr}`);
}

function parse(text: string, output: string): Outcome {
  const checks: Check[] = [];
  for (const line of text.split('\n')) {
    const [, no, title] = /^(not )?ok - (.*)$/.exec(line) ?? [];
    const last = checks.at(-1);
    if (title !== undefined) {
      checks.push({ title, failure: no === undefined ? undefined : 'it printed:\n' });
    } else if (line.startsWith('# ') && last?.failure !== undefined) {
      last.failure += `${line.slice(2)}\n`;
    }
  }
  const counted = /^1\.\.(\d+)$/m.exec(text)?.[1];
  return { checks, whole: Number(counted) === checks.length && checks.length > 0, output };
}

let shared: string | undefined;

/** The build, the scripts and a small image, where everybody can read them. */
function sharedFolder(): string {
  if (shared !== undefined) return shared;
  const folder = mkdtempSync('/var/tmp/berth-machine.');
  shared = folder;
  after(() => rmSync(folder, { recursive: true }));
  cpSync(path.join(ROOT, 'dist'), path.join(folder, 'dist'), { recursive: true });
  cpSync(path.join(import.meta.dirname, 'guest'), path.join(folder, 'guest'), { recursive: true });
  renameSync(archiveOf({}, folder).archive, path.join(folder, 'busybox.tar'));
  assert.ok(existsSync(path.join(folder, 'dist/berth')));
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  chmodSync(folder, 0o755);
  return folder;
}
