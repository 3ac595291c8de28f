/**
 * Prepares the messages that ask the user's systemd for a transient scope. The supervisor sends
 * them at each start with its own pid filled in, so that no JavaScript is needed then.
 */
import { DbusBody, methodCall } from './dbus-message.ts';

/** A transient scope of the user's systemd. */
export interface ScopeSettings {
  /** Unit name, ending in `.scope`. */
  unit: string;
  description: string;
  uid: number;
  limits: ScopeLimits;
  /** The slice that contains it; undefined is systemd's default. */
  slice?: string | undefined;
}

/** Undefined leaves a limit to systemd's default; Infinity means no limit. */
export interface ScopeLimits {
  memoryBytes?: number | undefined;
  memoryReservationBytes?: number | undefined;
  swapBytes?: number | undefined;
  /** 1.5 is one and a half processors. */
  cpus?: number | undefined;
  /** The period over which `cpus` is counted; undefined is 100,000. */
  cpuPeriodUs?: number | undefined;
  /** 1 … 10000 */
  cpuWeight?: number | undefined;
  /** Numbers of the processors that may be used, counted from 0. */
  processors?: readonly number[] | undefined;
  memoryNodes?: readonly number[] | undefined;
  pids?: number | undefined;
  /** 1 … 10000 */
  ioWeight?: number | undefined;
  ioDevices?: readonly IoDeviceLimit[] | undefined;
}

/** A limit of one block device, named as in io.max. */
export interface IoDeviceLimit {
  /** MAJOR:MINOR */
  device: string;
  kind: 'weight' | 'rbps' | 'wbps' | 'riops' | 'wiops';
  value: number;
}

/** The messages that make a scope, and the place of the pid in them. */
export interface PreparedScope {
  bytes: Buffer;
  /** Where the supervisor's pid goes, as a little-endian 32-bit number. */
  pidOffset: number;
}

const SYSTEMD = 'org.freedesktop.systemd1';
const UNLIMITED = 0xffff_ffff_ffff_ffffn;
const MICROSECONDS = 1_000_000;

/** The bytes to send to the user's bus: authentication, Hello, StartTransientUnit. */
export function systemdScope(settings: ScopeSettings): PreparedScope {
  const uidHex = Buffer.from(String(settings.uid), 'ascii').toString('hex');
  const authentication = Buffer.from(`\0AUTH EXTERNAL ${uidHex}\r\nBEGIN\r\n`, 'latin1');
  const hello = methodCall({
    serial: 1,
    destination: 'org.freedesktop.DBus',
    path: '/org/freedesktop/DBus',
    interface: 'org.freedesktop.DBus',
    member: 'Hello',
    signature: '',
    body: Buffer.alloc(0),
  });
  const { body, pidOffset } = startTransientUnit(settings);
  const start = methodCall({
    serial: 2,
    destination: SYSTEMD,
    path: '/org/freedesktop/systemd1',
    interface: `${SYSTEMD}.Manager`,
    member: 'StartTransientUnit',
    signature: 'ssa(sv)a(sa(sv))',
    body,
  });
  const before = authentication.length + hello.message.length + start.bodyOffset;
  return {
    bytes: Buffer.concat([authentication, hello.message, start.message]),
    pidOffset: before + pidOffset,
  };
}

function startTransientUnit(settings: ScopeSettings): { body: Buffer; pidOffset: number } {
  const body = new DbusBody().string(settings.unit).string('fail');
  let pidOffset = 0;
  body.array(8, (properties) => {
    const set = propertySetter(properties);
    set('Description', 's', (value) => value.string(settings.description));
    set('PIDs', 'au', (value) => {
      value.array(4, (pids) => pids.uint32(0));
      pidOffset = value.length - 4;
    });
    const { slice } = settings;
    if (slice !== undefined) set('Slice', 's', (value) => value.string(slice));
    set('Delegate', 'b', (value) => value.boolean(true));
    set('CollectMode', 's', (value) => value.string('inactive-or-failed'));
    set('DefaultDependencies', 'b', (value) => value.boolean(false));
    setLimits(set, settings.limits);
  });
  body.array(8, () => undefined);
  return { body: body.buffer(), pidOffset };
}

type SetProperty = (name: string, type: string, write: (body: DbusBody) => void) => void;

function propertySetter(properties: DbusBody): SetProperty {
  return (name, type, write) => {
    properties.align(8).string(name).signature(type);
    write(properties);
  };
}

function setLimits(set: SetProperty, limits: ScopeLimits): void {
  const numbers: [string, number | undefined][] = [
    ['MemoryMax', limits.memoryBytes],
    ['MemoryLow', limits.memoryReservationBytes],
    ['MemorySwapMax', limits.swapBytes],
    ['TasksMax', limits.pids],
    [
      'CPUQuotaPerSecUSec',
      limits.cpus === undefined ? undefined : Math.round(limits.cpus * MICROSECONDS),
    ],
    ['CPUQuotaPeriodUSec', limits.cpuPeriodUs],
    ['CPUWeight', limits.cpuWeight],
    ['IOWeight', limits.ioWeight],
  ];
  for (const [name, value] of numbers) {
    if (value !== undefined) {
      set(name, 't', (body) => body.uint64(Number.isFinite(value) ? BigInt(value) : UNLIMITED));
    }
  }
  setNumbers(set, 'AllowedCPUs', limits.processors);
  setNumbers(set, 'AllowedMemoryNodes', limits.memoryNodes);
  for (const { device, kind, value } of limits.ioDevices ?? []) {
    set(IO_PROPERTIES[kind], 'a(st)', (body) =>
      body.array(8, (entries) =>
        entries.align(8).string(`/dev/block/${device}`).uint64(BigInt(value))),
    );
  }
}

const IO_PROPERTIES: Record<IoDeviceLimit['kind'], string> = {
  weight: 'IODeviceWeight',
  rbps: 'IOReadBandwidthMax',
  wbps: 'IOWriteBandwidthMax',
  riops: 'IOReadIOPSMax',
  wiops: 'IOWriteIOPSMax',
};

function setNumbers(set: SetProperty, name: string, numbers: readonly number[] | undefined): void {
  if (numbers === undefined) return;
  const mask = bitMask(numbers);
  set(name, 'ay', (body) => body.array(1, (bytes) => mask.forEach((byte) => bytes.byte(byte))));
}

function bitMask(numbers: readonly number[]): number[] {
  const mask = new Array<number>(Math.floor(Math.max(...numbers) / 8) + 1).fill(0);
  for (const number of numbers) {
    const byte = Math.floor(number / 8);
    mask[byte] = (mask[byte] ?? 0) | (1 << (number % 8));
  }
  return mask;
}
