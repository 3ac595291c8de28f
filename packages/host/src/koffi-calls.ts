/**
 * The call table bound by koffi, for Node. The built `berth.cjs` carries koffi's native file as
 * `koffi.node` in its own directory; in a source tree the koffi package is asked.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { UnsupportedError } from '@berth/errors';
import { CALLS } from './syscall-table.ts';
import type { ArgumentKind, BoundCall, CallBackEnd, CallName } from './syscall-table.ts';

interface Koffi {
  load(path: null): { func(name: string, result: string, takes: string[]): BoundCall };
  errno(): number;
  address(bytes: Uint8Array): bigint;
}

const KOFFI_TYPES: Record<ArgumentKind, string> = {
  int: 'int',
  uint: 'uint32',
  long: 'int64',
  pointer: 'void *',
};

/** Binds these calls of the table; about 15 ms with the package, 2 ms with the lone file. */
export function bindWithKoffi(names: readonly CallName[]): CallBackEnd {
  const koffi = loadKoffi();
  const library = koffi.load(null);
  const bind = (name: CallName): [string, BoundCall] => {
    const { returns, takes } = CALLS[name];
    const types = takes.map((kind) => KOFFI_TYPES[kind]);
    return [name, library.func(name, KOFFI_TYPES[returns], types)];
  };
  return {
    calls: Object.fromEntries(names.map(bind)) as Record<CallName, BoundCall>,
    errno: () => koffi.errno(),
    address: (bytes) => koffi.address(bytes),
  };
}

function loadKoffi(): Koffi {
  const here = modulePath();
  const require = createRequire(here);
  const beside = join(dirname(here), 'koffi.node');
  try {
    return require(existsSync(beside) ? beside : 'koffi') as Koffi;
  } catch (error) {
    throw new UnsupportedError('NO_SYSTEM_CALLS', 'prepare system calls', {
      hint: 'ulimit -v unlimited; and keep koffi.node where programs may be executed',
      cause: error,
    });
  }
}

/**
 * This file, or the bundle that holds it: in a CommonJS bundle import.meta.url is empty, and in
 * `node -e` __filename is a global that names no file.
 */
function modulePath(): string {
  if (typeof __filename === 'string' && isAbsolute(__filename)) return __filename;
  return createRequire(import.meta.url).resolve('./koffi-calls.ts');
}
