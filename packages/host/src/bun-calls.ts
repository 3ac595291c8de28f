/**
 * The call table bound by bun:ffi, for the compiled executable. The module is reached through
 * process.getBuiltinModule so that Node's loader and bundlers never see its name as an import.
 */
import { UnsupportedError } from '@berth/errors';
import { CALLS } from './syscall-table.ts';
import type {
  ArgumentKind, BoundCall, CallArgument, CallBackEnd, CallName,
} from './syscall-table.ts';

interface BunFfi {
  dlopen(
    library: string,
    symbols: Record<string, { args: string[]; returns: string }>,
  ): { symbols: Record<string, BoundCall> };
  ptr(bytes: Uint8Array): number;
  read: { i32(pointer: number, offset: number): number };
}

const BUN_TYPES: Record<ArgumentKind, string> = {
  int: 'i32',
  uint: 'u32',
  long: 'i64',
  pointer: 'ptr',
};

/** Binds these calls of the table; each takes about 20 µs. */
export function bindWithBun(names: readonly CallName[]): CallBackEnd {
  const ffi = builtinModule('bun:ffi') as BunFfi;
  const declarations = names.map((name) => {
    const { returns, takes } = CALLS[name];
    // i64_fast answers a number instead of a bigint wherever the value is a safe integer.
    const answer = returns === 'long' ? 'i64_fast' : 'i32';
    return [name, { args: takes.map((kind) => BUN_TYPES[kind]), returns: answer }];
  });
  const { symbols } = open(ffi, {
    ...(Object.fromEntries(declarations) as Record<string, { args: string[]; returns: string }>),
    __errno_location: { args: [], returns: 'ptr' },
  });
  // The location belongs to the thread, and a module instance never leaves its thread.
  const errnoPointer = symbols['__errno_location']?.() ?? 0;
  const errors = new Errors(() => ffi.read.i32(errnoPointer, 0));
  const calls = Object.fromEntries(names.flatMap((name) => {
    const call = symbols[name];
    return call === undefined ? [] : [[name, errors.noted(call, ONCE.has(name) ? 0 : ATTEMPTS)]];
  }));
  return {
    calls: calls as Record<CallName, BoundCall>,
    errno: () => errors.last(),
    address: (bytes) => BigInt(ffi.ptr(bytes)),
  };
}

/** A second call would do something else, or lose what the first one had to say. */
const ONCE: ReadonlySet<CallName> = new Set(['close', 'fsync', 'execve']);
const ATTEMPTS = 4;

/**
 * The number of a failed call. Between the call and the reading of its number the collector of
 * garbage may run, which opens /proc/self/statm: below a root without /proc that fails, and its
 * number is read instead (bun:ffi has no way to read it with the call). So a call that failed is
 * made again, until two in a row have the same number, or one succeeds.
 */
class Errors {
  readonly #read: () => number;
  #last = 0;

  constructor(read: () => number) {
    this.#read = read;
  }

  /** That of the last call that failed. */
  last(): number {
    return this.#last;
  }

  /** The call, made up to `attempts` times more where it fails, with its number for last(). */
  noted(call: BoundCall, attempts: number): BoundCall {
    return (...values) => {
      let result = call(...values);
      if (result >= 0) return result;
      let before: number | undefined;
      this.#last = this.#read();
      for (let left = attempts; left > 0 && before !== this.#last; left -= 1) {
        result = call(...values);
        if (result >= 0) return result;
        before = this.#last;
        this.#last = this.#read();
      }
      return result;
    };
  }
}

/** Without room for machine code, which a limit of the address space takes away, there are none. */
function open(
  ffi: BunFfi, symbols: Parameters<BunFfi['dlopen']>[1],
): ReturnType<BunFfi['dlopen']> {
  try {
    return ffi.dlopen('libc.so.6', symbols);
  } catch (error) {
    throw new UnsupportedError('NO_SYSTEM_CALLS', 'prepare system calls', {
      hint: 'ulimit -v unlimited; env -u BUN_JSC_useJIT berth; or node berth.cjs, which needs less',
      cause: error,
    });
  }
}

function builtinModule(name: string): unknown {
  const get = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule;
  return get?.(name);
}
