/** `--blkio-weight`, and the limits for single block devices. */
import type { BlockLimitRequest } from '@berth/engine';
import { UsageError } from '@berth/errors';
import { parseSize } from './size.ts';

/** The flags as they were given. */
export interface BlockFlags {
  'blkio-weight': number | undefined;
  'blkio-weight-device': readonly string[];
  'device-read-bps': readonly string[];
  'device-read-iops': readonly string[];
  'device-write-bps': readonly string[];
  'device-write-iops': readonly string[];
}

const WEIGHTS = { least: 10, most: 1000 };

/** The weight; undefined for 0, which means the default. Throws UsageError. */
export function parseBlockWeight(weight: number | undefined): number | undefined {
  if (weight === undefined || weight === 0) return undefined;
  return checkWeight('blkio-weight', String(weight), weight);
}

/** The limits; undefined where none was given. Throws UsageError. */
export function parseBlockLimits(flags: BlockFlags): BlockLimitRequest[] | undefined {
  const limits = [
    ...flags['blkio-weight-device'].map((text) => deviceLimit('blkio-weight-device', text)),
    ...flags['device-read-bps'].map((text) => deviceLimit('device-read-bps', text)),
    ...flags['device-write-bps'].map((text) => deviceLimit('device-write-bps', text)),
    ...flags['device-read-iops'].map((text) => deviceLimit('device-read-iops', text)),
    ...flags['device-write-iops'].map((text) => deviceLimit('device-write-iops', text)),
  ];
  return limits.length === 0 ? undefined : limits;
}

const KINDS = {
  'blkio-weight-device': 'weight',
  'device-read-bps': 'readBps',
  'device-write-bps': 'writeBps',
  'device-read-iops': 'readIops',
  'device-write-iops': 'writeIops',
} as const;

function deviceLimit(flag: keyof typeof KINDS, text: string): BlockLimitRequest {
  const kind = KINDS[flag];
  const colon = text.lastIndexOf(':');
  const device = text.slice(0, Math.max(colon, 0));
  const amount = text.slice(colon + 1);
  if (!device.startsWith('/')) {
    throw new UsageError('BAD_DEVICE_LIMIT', `read --${flag} "${text}": not PATH:NUMBER`, {
      hint: `for example --${flag} /dev/sda:${kind.endsWith('Bps') ? '10mb' : '500'}`,
    });
  }
  if (kind === 'weight') {
    return { device, kind, value: checkWeight(flag, text, wholeNumber(flag, amount)) };
  }
  const isBytes = kind === 'readBps' || kind === 'writeBps';
  const value = isBytes ? parseSize(amount, flag) : wholeNumber(flag, amount);
  if (value === 0) {
    throw new UsageError('BAD_DEVICE_LIMIT', `read --${flag} "${text}": 1 is the least`);
  }
  return { device, kind, value };
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError('BAD_DEVICE_LIMIT', `read --${flag} "${text}": not a whole number`);
}

function checkWeight(flag: string, text: string, weight: number): number {
  const { least, most } = WEIGHTS;
  if (weight >= least && weight <= most) return weight;
  throw new UsageError('BAD_WEIGHT', `read --${flag} "${text}": a weight is from ${least} to ${
    most}`);
}
