/**
 * containers/names/: a symlink for each name, whose target is the container's id. Making the link
 * reserves the name. A link is stale only if its target is dead: there is no container of that id,
 * and no living process that is making one.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError } from '@berth/errors';
import { attempt, ifThere } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { checkName, isId } from './names.ts';
import type { Staging } from './staging.ts';
import { listDirectory, readLink, reserveLink, unlinkIf } from './whole-file.ts';

const ATTEMPTS = 10;

/** Purpose of the staging entry for a container being made; shows that its name is not stale. */
export function containerPurpose(id: string): string {
  return `container-${id}`;
}

/** Access to containers/names/. */
export class ContainerNames {
  readonly #layout: Layout;
  readonly #staging: Staging;

  constructor(layout: Layout, staging: Staging) {
    this.#layout = layout;
    this.#staging = staging;
  }

  path(name: string): string {
    checkName('container', name);
    return join(this.#layout.containerNames, name);
  }

  /** The id that the name points to, if its container exists. */
  lookUp(name: string): string | undefined {
    const id = readLink(this.path(name));
    return id !== undefined && this.#exists(id) ? id : undefined;
  }

  /** The name belongs to `id`. Throws a ConflictError when it belongs to another container. */
  reserve(name: string, id: string): void {
    const path = this.path(name);
    for (let left = ATTEMPTS; left > 0; left -= 1) {
      if (reserveLink(path, id)) return;
      const holder = readLink(path);
      if (holder === id) return;
      if (holder !== undefined && !this.isStale(holder)) throw nameTaken(name, holder);
      this.releaseStale(name);
    }
    throw nameTaken(name, readLink(path) ?? '');
  }

  /** The name does not point to `id` any more; a name that points to another id stays. */
  release(name: string, id: string): void {
    unlinkIf(this.path(name), this.#staging.path('name'), (target) => target === id);
  }

  /** No name points to `id` any more, but that one. */
  releaseAll(id: string, except?: string): void {
    for (const [name, target] of this.links()) {
      if (target === id && name !== except) this.release(name, id);
    }
  }

  /** The name is free, if neither its container nor the process that makes it exists. */
  releaseStale(name: string): void {
    unlinkIf(this.path(name), this.#staging.path('name'), (target) => this.isStale(target));
  }

  /** Every name and the id that it points to, whether that exists or not. */
  links(): Map<string, string> {
    const directory = this.#layout.containerNames;
    const links = new Map<string, string>();
    for (const name of listDirectory(directory)) {
      const id = readLink(`${directory}/${name}`);
      if (id !== undefined) links.set(name, id);
    }
    return links;
  }

  /**
   * The name of each id. An interrupted rename leaves two links to one id: the later one is the
   * name. Whoever compares the two reads the links once: a name may appear between two reads.
   */
  byId(links = this.links()): Map<string, string> {
    const names = new Map<string, string>();
    for (const [name, id] of links) {
      const other = names.get(id);
      names.set(id, other === undefined ? name : this.#later(name, other));
    }
    return names;
  }

  /** True if neither the container nor a process that makes it exists. */
  isStale(id: string): boolean {
    if (!isId(id)) return true;
    if (this.#exists(id)) return false;
    const isBeingMade = this.#staging.entries()
      .some(({ purpose, isDead }) => purpose === containerPurpose(id) && !isDead);
    return !isBeingMade && !this.#exists(id);
  }

  #exists(id: string): boolean {
    const path = join(this.#layout.containers, id);
    return isId(id) && attempt('look at', path, () => ifThere(() => lstatSync(path))) !== undefined;
  }

  #later(name: string, other: string): string {
    return this.#changedAtMs(name) >= this.#changedAtMs(other) ? name : other;
  }

  #changedAtMs(name: string): number {
    const path = this.path(name);
    return attempt('look at', path, () => ifThere(() => lstatSync(path)))?.ctimeMs ?? 0;
  }
}

function nameTaken(name: string, id: string): ConflictError {
  return new ConflictError('NAME_IN_USE',
    `name container "${name}": in use by container ${id.slice(0, 12)}`, {
      hint: `berth rm ${name}, or --replace, or another name`, details: { name, id },
    });
}
