/** Tests of the directories that belong to a user. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { UnsupportedError } from '@berth/errors';
import { currentAccount, findDirectories, ignoreRelativeFolders } from '../src/index.ts';

const uid = process.getuid?.() ?? 0;

function scratch(run: (directory: string) => void): () => void {
  return () => {
    const directory = mkdtempSync(join(tmpdir(), 'berth-directories-'));
    try {
      run(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

test('the run directory is made, private, below XDG_RUNTIME_DIR', scratch((directory) => {
  const runtime = join(directory, 'runtime');
  mkdirSync(runtime, { mode: 0o700 });
  const { run } = findDirectories({ environment: { XDG_RUNTIME_DIR: runtime }, uid });
  assert.equal(run, join(runtime, 'berth'));
  assert.equal(statSync(run).mode & 0o777, 0o700);
}));

test('an XDG_RUNTIME_DIR that Podman let others pass through is used', scratch((directory) => {
  const runtime = join(directory, 'passed');
  mkdirSync(runtime);
  chmodSync(runtime, 0o711);
  const { run } = findDirectories({ environment: { XDG_RUNTIME_DIR: runtime }, uid });
  assert.equal(run, join(runtime, 'berth'));
  assert.equal(statSync(run).mode & 0o777, 0o700);
}));

test('an XDG_RUNTIME_DIR that others can list is passed over', scratch((directory) => {
  const runtime = join(directory, 'open');
  mkdirSync(runtime);
  chmodSync(runtime, 0o755);
  const { run } = findDirectories({
    environment: { XDG_RUNTIME_DIR: runtime }, uid, fallbackParents: [directory],
  });
  assert.equal(run, join(directory, `berth-run-${uid}`));
}));

test('a link or an open directory planted at the fallback is refused', scratch((directory) => {
  const [first, second] = [join(directory, '1'), join(directory, '2')];
  mkdirSync(first);
  mkdirSync(second);
  mkdirSync(join(directory, 'target'), { mode: 0o700 });
  symlinkSync(join(directory, 'target'), join(first, `berth-run-${uid}`));
  mkdirSync(join(second, `berth-run-${uid}`), { mode: 0o777 });
  chmodSync(join(second, `berth-run-${uid}`), 0o777);
  assert.throws(
    () => findDirectories({ environment: {}, uid, fallbackParents: [first, second] }),
    UnsupportedError,
  );
}));

test('another owner of the fallback is refused', scratch((directory) => {
  assert.throws(
    () => findDirectories({ environment: {}, uid: uid + 1, fallbackParents: [directory] }),
    UnsupportedError,
  );
}));

test('--root and --runroot replace the directories', () => {
  const found = findDirectories({ root: '/somewhere', runRoot: '/elsewhere' });
  assert.equal(found.data, '/somewhere');
  assert.equal(found.run, '/elsewhere');
  assert.match(found.config, /\/berth$/);
});

test('relative folders in variables are ignored, and HOME is then that of the account', () => {
  const environment = { HOME: '', XDG_DATA_HOME: 'data', XDG_CACHE_HOME: '/cache', OTHER: '.' };
  ignoreRelativeFolders(environment);
  const home = currentAccount().home;
  assert.deepEqual(environment, {
    HOME: home, XDG_DATA_HOME: `${home}/.local/share`, XDG_CONFIG_HOME: `${home}/.config`,
    XDG_CACHE_HOME: '/cache', OTHER: '.',
  });
  const fine = { HOME: '/home/ann', XDG_CONFIG_HOME: 'conf', XDG_RUNTIME_DIR: '' };
  ignoreRelativeFolders(fine);
  assert.deepEqual(fine, { HOME: '/home/ann' });
});

test('PATH does not lead to the current folder', () => {
  const cleaned = (PATH: string): string | undefined => {
    const environment = { HOME: '/home/ann', PATH };
    ignoreRelativeFolders(environment);
    return environment.PATH;
  };
  assert.equal(cleaned('.:/usr/bin:'), '/usr/bin');
  assert.equal(cleaned('bin:/sbin:/bin'), '/sbin:/bin');
  assert.equal(cleaned('/usr/bin'), '/usr/bin');
  assert.equal(cleaned('.'), '/bin:/usr/bin', 'execvp(3) searches an empty PATH here');
});
