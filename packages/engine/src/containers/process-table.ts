/**
 * The processes of a container for `top`, read from the host's /proc. Nothing is run inside the
 * container, because its own ps could be missing or give false answers.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { UsageError } from '@berth/errors';

const CLOCK_TICKS_PER_SECOND = 100;
const NS_OF_PID = /^NSpid:\s+(.*)$/m;

interface ProcessEntry {
  hostPid: number;
  pid: string;
  parentPid: string;
  hostUid: number;
  hostGid: number;
  command: string;
  args: string;
  elapsedSeconds: number;
  cpuSeconds: number;
  tty: string;
  state: string;
  nice: string;
  virtualKib: string;
  /** Lines of /proc/PID/status by name. */
  status: string;
}

/** How ids of the host are shown in the table. */
export interface IdNames {
  /** The name that the container has for a uid of the host. */
  user(hostUid: number): string;
  group(hostGid: number): string;
}

type Column = { title: string; value: (entry: ProcessEntry, names: IdNames) => string };

const COLUMNS: Record<string, Column> = {
  user: { title: 'USER', value: (e, names) => names.user(e.hostUid) },
  group: { title: 'GROUP', value: (e, names) => names.group(e.hostGid) },
  huser: { title: 'HUSER', value: (e) => String(e.hostUid) },
  hgroup: { title: 'HGROUP', value: (e) => String(e.hostGid) },
  pid: { title: 'PID', value: (e) => e.pid },
  hpid: { title: 'HPID', value: (e) => String(e.hostPid) },
  ppid: { title: 'PPID', value: (e) => e.parentPid },
  pcpu: {
    title: '%CPU',
    value: (e) => ((100 * e.cpuSeconds) / Math.max(e.elapsedSeconds, 1)).toFixed(3),
  },
  etime: { title: 'ELAPSED', value: (e) => formatSpan(e.elapsedSeconds) },
  stime: { title: 'STIME', value: (e) => formatMoment(Date.now() - e.elapsedSeconds * 1000) },
  time: { title: 'TIME', value: (e) => formatSpan(Math.floor(e.cpuSeconds)) },
  tty: { title: 'TTY', value: (e) => e.tty },
  comm: { title: 'COMMAND', value: (e) => e.command },
  args: { title: 'COMMAND', value: (e) => e.args },
  state: { title: 'STATE', value: (e) => e.state },
  stat: { title: 'STAT', value: (e) => e.state },
  nice: { title: 'NI', value: (e) => e.nice },
  rss: { title: 'RSS', value: (e) => statusWord(e, 'VmRSS', 0) },
  vsz: { title: 'VSZ', value: (e) => e.virtualKib },
  pgid: { title: 'PGID', value: (e) => statusWord(e, 'NSpgid', -1) },
  ruser: { title: 'RUSER', value: (e, names) => names.user(Number(statusWord(e, 'Uid', 0))) },
  rgroup: { title: 'RGROUP', value: (e, names) => names.group(Number(statusWord(e, 'Gid', 0))) },
  label: { title: 'LABEL', value: () => NO_LABEL },
  seccomp: { title: 'SECCOMP', value: (e) => SECCOMP[statusWord(e, 'Seccomp', 0)] ?? '?' },
  capinh: { title: 'INHERITED CAPS', value: (e) => statusWord(e, 'CapInh', 0) },
  capprm: { title: 'PERMITTED CAPS', value: (e) => statusWord(e, 'CapPrm', 0) },
  capeff: { title: 'EFFECTIVE CAPS', value: (e) => statusWord(e, 'CapEff', 0) },
  capbnd: { title: 'BOUNDING CAPS', value: (e) => statusWord(e, 'CapBnd', 0) },
  capamb: { title: 'AMBIENT CAPS', value: (e) => statusWord(e, 'CapAmb', 0) },
};

/** The SELinux label; no container has one. */
const NO_LABEL = '?';

/** Modes of seccomp(2) as /proc/PID/status numbers them. */
const SECCOMP: Readonly<Record<string, string>> = { 0: 'disabled', 1: 'strict', 2: 'filter' };

/** A word of a line of /proc/PID/status; a negative index counts from the end. */
function statusWord({ status }: ProcessEntry, name: string, index: number): string {
  const line = new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
  return line.trim().split(/\s+/).at(index) ?? '?';
}

const DEFAULT_COLUMNS = ['user', 'pid', 'ppid', 'pcpu', 'etime', 'tty', 'time', 'args'];

/** The titles, then one row for each process. Throws UsageError for an unknown descriptor. */
export function processTable(
  initPid: number,
  descriptors: readonly string[],
  names: IdNames,
): string[][] {
  const columns = (descriptors.length === 0 ? DEFAULT_COLUMNS : descriptors).map(columnFor);
  const entries = processesWith(initPid);
  return [
    columns.map(({ title }) => title),
    ...entries.map((entry) => columns.map(({ value }) => value(entry, names))),
  ];
}

/** The AIX descriptors of ps(1). */
const AIX: Readonly<Record<string, string>> = {
  '%C': 'pcpu', '%G': 'group', '%P': 'ppid', '%U': 'user', '%a': 'args', '%c': 'comm',
  '%g': 'rgroup', '%n': 'nice', '%p': 'pid', '%r': 'pgid', '%t': 'etime', '%u': 'ruser',
  '%x': 'time', '%y': 'tty', '%z': 'vsz',
};

function columnFor(descriptor: string): Column {
  const name = Object.hasOwn(AIX, descriptor) ? AIX[descriptor] ?? '' : descriptor.toLowerCase();
  const column = Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
  if (column === undefined) {
    throw new UsageError('BAD_DESCRIPTOR', `show the column "${descriptor}": no such descriptor`, {
      hint: `descriptors are ${Object.keys(COLUMNS).join(', ')}`,
    });
  }
  return column;
}

/** Every process in the pid namespace of the container's first process. */
function processesWith(initPid: number): ProcessEntry[] {
  const namespace = pidNamespace(initPid);
  const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespace !== undefined && pidNamespace(pid) === namespace)
    .map((pid) => readEntry(pid, uptime))
    .filter((entry) => entry !== undefined)
    .sort((a, b) => Number(a.pid) - Number(b.pid));
}

function pidNamespace(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Undefined when the process has ended meanwhile. */
function readEntry(hostPid: number, uptime: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${hostPid}/stat`, 'utf8');
    const status = readFileSync(`/proc/${hostPid}/status`, 'utf8');
    const args = readFileSync(`/proc/${hostPid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    const owner = statSync(`/proc/${hostPid}`);
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = (index: number): number => Number(fields[index] ?? 0) / CLOCK_TICKS_PER_SECOND;
    return {
      hostPid,
      pid: innermostPid(status) ?? String(hostPid),
      parentPid: innerParent(Number(fields[1])),
      hostUid: owner.uid,
      hostGid: owner.gid,
      command,
      args: args === '' ? `[${command}]` : args,
      elapsedSeconds: Math.max(0, Math.floor(uptime - ticks(19))),
      cpuSeconds: ticks(11) + ticks(12),
      tty: ttyName(Number(fields[4])),
      state: fields[0] ?? '?',
      nice: fields[16] ?? '0',
      virtualKib: String(Math.floor(Number(fields[20] ?? 0) / 1024)),
      status,
    };
  } catch {
    return undefined;
  }
}

function innermostPid(status: string): string | undefined {
  return NS_OF_PID.exec(status)?.[1]?.trim().split(/\s+/).at(-1);
}

/** The parent's pid inside the container; 0 where the parent is outside. */
function innerParent(hostPid: number): string {
  try {
    const pids = NS_OF_PID.exec(readFileSync(`/proc/${hostPid}/status`, 'utf8'))?.[1]
      ?.trim()
      .split(/\s+/);
    return pids !== undefined && pids.length > 2 ? (pids.at(-1) ?? '0') : '0';
  } catch {
    return '0';
  }
}

const PTS_MAJORS_START = 136;
const PTS_MAJORS_END = 143;

function ttyName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major >= PTS_MAJORS_START && major <= PTS_MAJORS_END ? `pts/${minor}` : '?';
}

/** As Go prints times in UTC: 2026-01-31 12:00:00 +0000 UTC. */
function formatMoment(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** As Go prints durations: 1h2m3s. */
function formatSpan(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${seconds % 60}s`;
  if (hours > 0) {
    return `${hours}h${minutes}m${rest}`;
  }
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
