/**
 * A container as lists show it. The values of its summary are there at once; all others are read
 * from the record when they are first asked for. So `ps` of a thousand containers reads a thousand
 * files less.
 */
import { readlinkSync } from 'node:fs';
import type { ContainerEntry as StoredEntry } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { byKey } from '../by-key.ts';
import type { ContainerState } from '../lifecycle.ts';
import { dateOfMs } from '../moment.ts';
import { formatPorts, portMappings, type PortMapping } from './published-ports.ts';
import { listedRecord } from './listed-record.ts';
import type { BerthContainer } from './record.ts';

const CUT = '…';
const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'] as const;

/** A namespace as /proc/PID/ns names it. */
export type NamespaceKey = (typeof NAMESPACES)[number];

/** One container. Its sizes are measured only when they are read. */
export class ContainerEntry {
  readonly id: string;
  readonly names: readonly string[];
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly exitedAt: Date | undefined;
  readonly state: ContainerState;
  /** The name of the machine where it runs, when that is another one. */
  readonly host: string | undefined;
  readonly exitCode: number | undefined;
  /** 0 when it does not run. */
  readonly pid: number;
  sizeRw: number | undefined;
  sizeRootFs: number | undefined;
  private readonly stored: StoredEntry;
  private readonly engine: Engine;
  private known: BerthContainer | undefined;

  constructor(engine: Engine, stored: StoredEntry) {
    const { id, name, summary, state } = stored;
    this.engine = engine;
    this.stored = stored;
    this.id = id;
    this.names = [name];
    this.createdAt = dateOfMs(summary.createdAtMs);
    this.startedAt = moment(state.started);
    this.exitedAt = moment(state.finished);
    this.state = state.state;
    this.host = state.hostName;
    this.exitCode = state.exitCode;
    this.pid = state.pid;
  }

  get image(): string {
    const { image } = this.stored.summary;
    return image.endsWith(CUT) ? this.record.imageName : image;
  }

  get imageId(): string {
    return this.record.imageId;
  }

  get command(): readonly string[] {
    return this.record.command;
  }

  /**
   * The words of the command, separated by blanks; a long text is cut at about thirty characters.
   */
  get commandText(): string {
    return this.stored.summary.command;
  }

  get ports(): readonly PortMapping[] {
    return portMappings(this.record.ports);
  }

  get portsText(): string {
    const { ports } = this.stored.summary;
    return ports.endsWith(CUT) ? formatPorts(this.ports) : ports;
  }

  get labels(): Readonly<Record<string, string>> {
    return byKey(this.record.labels);
  }

  /** The container's mount points. */
  get mounts(): readonly string[] {
    return this.record.request.mounts.map(({ target }) => target);
  }

  get networks(): readonly string[] {
    const { network } = this.record;
    return network === 'none' || network === 'host' ? [] : [network];
  }

  /** The namespaces of its first process, by inode number; empty when it does not run. */
  get namespaces(): Readonly<Partial<Record<NamespaceKey, string>>> {
    return this.pid > 0 ? namespacesOf(this.pid) : {};
  }

  /** The path where --cidfile wrote the id. */
  get cidFile(): string {
    return this.record.request.cidFile ?? '';
  }

  /** Whether the container is removed when it ends. */
  get autoRemove(): boolean {
    return this.record.request.remove;
  }

  private get record(): BerthContainer {
    return (this.known ??= listedRecord(this.engine, this.id));
  }
}

/** Empty for a process that has ended meanwhile. */
function namespacesOf(pid: number): Partial<Record<NamespaceKey, string>> {
  const found: Partial<Record<NamespaceKey, string>> = {};
  for (const name of NAMESPACES) {
    try {
      const inode = /\d+/.exec(readlinkSync(`/proc/${pid}/ns/${name}`))?.[0];
      if (inode !== undefined) found[name] = inode;
    } catch {
      return {};
    }
  }
  return found;
}

/** The moment of a time in a record: seconds since 1970, with a fraction. */
function moment(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : dateOfMs(Number(text) * 1000);
}
