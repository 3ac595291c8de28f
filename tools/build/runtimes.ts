/**
 * Finds the binaries that go into a build: Bun's runtime and koffi's native part. Those of this
 * machine's architecture come with `pnpm install`; those for arm64 are fetched from the npm
 * registry into .cache/ when asked for, with the digests below, since few builds need them.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { BuildError, run } from './command.ts';

/** The processor that a build is for. */
export type Architecture = 'x64' | 'arm64';

/** Paths of the binaries of one architecture, and of the Bun that runs on this machine. */
export interface Runtimes {
  bunHere: string;
  bun: string;
  bunTarget: string;
  koffi: string;
}

interface RegistryPackage {
  name: string;
  version: string;
  sha512: string;
}

const ARM64_BUN: RegistryPackage = {
  name: '@oven/bun-linux-aarch64',
  version: '1.4.5',
  sha512: '4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
};

const ARM64_KOFFI: RegistryPackage = {
  name: '@koromix/koffi-linux-arm64',
  version: '3.3.4',
  sha512: 'k6FPjEYDioyVihUqvRFX4QZK0RL/Rrn4xPEzrKxODxgLAUXlhBTut391zPzgsMcArXgN4YTuS11M/kxmA5s+Fg==',
};

/** The binaries for a build; fetches those for arm64 unless an earlier build did. */
export function runtimesOf(root: string, architecture: Architecture): Runtimes {
  const bunHere = path.join(root, 'node_modules/@oven/bun-linux-x64/bin/bun');
  if (!existsSync(bunHere)) {
    throw new BuildError(`open "${bunHere}": no such file; run "npx -y pnpm install" first`);
  }
  if (architecture === 'x64') {
    return { bunHere, bun: bunHere, bunTarget: 'bun-linux-x64', koffi: installedKoffi(root) };
  }
  return {
    bunHere,
    bun: path.join(fetchPackage(root, ARM64_BUN), 'bin/bun'),
    bunTarget: 'bun-linux-arm64',
    koffi: path.join(fetchPackage(root, ARM64_KOFFI), 'linux_arm64/koffi.node'),
  };
}

function installedKoffi(root: string): string {
  const host = createRequire(path.join(root, 'packages/host/package.json'));
  const koffi = createRequire(host.resolve('koffi'));
  return path.join(path.dirname(koffi.resolve('@koromix/koffi-linux-x64')), 'linux_x64/koffi.node');
}

function fetchPackage(root: string, { name, version, sha512 }: RegistryPackage): string {
  const base = name.replace('@', '').replace('/', '-');
  const folder = path.join(root, '.cache/arm64', `${base}-${version}`);
  const archive = path.join(folder, `${base}-${version}.tgz`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(archive)) {
    run('npm', ['pack', '--silent', '--pack-destination', folder, `${name}@${version}`], root);
  }
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (digest !== sha512) throw new BuildError(`verify "${archive}": sha512 is ${digest}`);
  run('tar', ['-xzf', archive, '-C', folder], root);
  return path.join(folder, 'package');
}
