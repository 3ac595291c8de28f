/**
 * What the rows stand on: the engines that are installed, with a small image loaded, and the
 * lab's registry. Made when a row first asks for it, removed at the end.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { archiveOf } from '../test/lab/images.ts';
import { missing } from '../test/lab/probes.ts';
import { startRegistry } from '../test/lab/registry.ts';
import type { Registry } from '../test/lab/registry.ts';
import { Engine, timeOf } from './engine.ts';
import type { Sample } from './measure.ts';

/** Reference of the small image that every engine has. */
export const IMAGE = 'localhost/busybox:latest';

/** The surroundings of a benchmark run. */
export class Ground {
  readonly folder = mkdtempSync(path.join(process.env['BERTH_TEST_SCRATCH'] ?? tmpdir(), 'bench-'));
  readonly #engines: Engine[] = [];
  #registry: Registry | undefined;

  /** Berth, and podman where it is installed; each has the small image. */
  engines(): readonly Engine[] {
    if (this.#engines.length > 0) return this.#engines;
    const dist = path.resolve(import.meta.dirname, '../dist/berth');
    this.#engines.push(new Engine('berth', [dist], this.folder));
    if (missing.podman === false) this.#engines.push(new Engine('podman', ['podman'], this.folder));
    const { archive } = archiveOf({ name: IMAGE }, this.folder);
    for (const engine of this.#engines) engine.run('load', '-q', '-i', archive);
    return this.#engines;
  }

  /** One sample function for each engine. */
  each(sample: (engine: Engine) => Promise<number>): Record<string, Sample> {
    return Object.fromEntries(
      this.engines().map((engine) => [engine.name, async () => sample(engine)]),
    );
  }

  /** A registry on the loopback interface, without TLS. */
  async registry(): Promise<Registry> {
    this.#registry ??= await startRegistry(this.folder);
    return this.#registry;
  }

  /** Runs `true` from the small image as a bundle that lies ready: what a start costs at least. */
  bundleSample(): Sample {
    const bundle = path.join(this.folder, 'bundle');
    mkdirSync(path.join(bundle, 'rootfs/bin'), { recursive: true });
    execFileSync('cp', ['/bin/busybox', path.join(bundle, 'rootfs/bin/true')]);
    execFileSync('crun', ['spec', '--rootless'], { cwd: bundle });
    const file = path.join(bundle, 'config.json');
    const spec = JSON.parse(readFileSync(file, 'utf8')) as {
      process: { terminal: boolean; args: string[] };
    };
    Object.assign(spec.process, { terminal: false, args: ['/bin/true'] });
    writeFileSync(file, JSON.stringify(spec));
    const root = path.join(this.folder, 'crun');
    const words = ['crun', '--root', root, '--cgroup-manager', 'disabled', 'run', '-b', bundle];
    const { environment } = this.engines()[0] ?? { environment: {} };
    return async () => timeOf([...words, `bench-${process.pid}`], environment);
  }

  /** Removes everything. */
  async close(): Promise<void> {
    await this.#registry?.stop();
    for (const engine of this.#engines) engine.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
