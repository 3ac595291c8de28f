/**
 * What the commands of a sweep work on, and the few steps that prepare it.
 */
import type { Lab } from '../e2e/harness.ts';
import { archiveOf } from '../lab/images.ts';
import type { Registry } from '../lab/registry.ts';

/** What the scenarios work on. */
export interface Ground {
  readonly lab: Lab;
  /** An image that is in the store all the time. */
  readonly image: string;
  /** An archive with another image, `EXTRA`; as a tree to import it serves as well. */
  readonly archive: string;
  /** The same image in a registry. */
  readonly remote: string;
}

/** One command to be stopped at each of its calls. */
export interface Scenario {
  /** About so many calls are counted until its end. */
  readonly calls: number;
  /** What it can't do without, besides the ground. */
  readonly needs?: 'registry' | 'freezer';
  prepare?(ground: Ground): Promise<void>;
  args(ground: Ground): readonly string[];
  /** The next command: it works whether the first came to its end, or to nothing. */
  next(ground: Ground): Promise<void>;
}

/** Scenarios by what they are called. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** Name of the image that load, pull and import make. */
export const EXTRA = 'localhost/extra:1';

/** Most commands are not about networks. */
export const NONE = ['--network', 'none'];

/** The base image is in the store, the other in an archive and, where there is one, a registry. */
export async function prepareGround(lab: Lab, registry: Registry | undefined): Promise<Ground> {
  const image = await lab.image();
  const { archive } = archiveOf({ name: EXTRA, layers: [{ '/only': 'here' }] }, lab.folder);
  registry?.push(`oci-archive:${archive}`, 'extra:1');
  return { lab, image, archive, remote: `${registry?.host ?? 'none'}/extra:1` };
}

/** The container `c` exists, with an anonymous volume, and has never run. */
export async function create({ lab, image }: Ground): Promise<void> {
  await lab.ok(['create', ...NONE, '--name', 'c', '-v', '/data', image, 'sleep', '1000']);
}

/** The container `c` runs. */
export async function runs({ lab, image }: Ground): Promise<void> {
  await lab.ok(['run', '-d', ...NONE, '--name', 'c', image, 'sleep', '1000']);
}

/** The other image is in the store. */
export async function loaded({ lab, archive }: Ground): Promise<void> {
  await lab.ok(['load', '-q', '-i', archive]);
}

/** There is no container `c`. */
export async function gone({ lab }: Ground): Promise<void> {
  await lab.ok(['rm', '-f', '-t', '0', 'c']);
}

/** The command again: it must succeed now. */
export function again(args: (ground: Ground) => readonly string[]): Scenario['next'] {
  return async (ground) => {
    await ground.lab.ok(args(ground));
  };
}
