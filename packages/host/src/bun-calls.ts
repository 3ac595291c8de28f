/**
 * The call table bound by bun:ffi, for the compiled executable. The module is reached through
 * process.getBuiltinModule so that Node's loader and bundlers never see its name as an import.
 */
import { UnsupportedError } from '@berth/errors';
import { CallErrors } from './call-errors.ts';
import { CALLS } from './syscall-table.ts';
import type { ArgumentKind, BoundCall, CallBackEnd, CallName } from './syscall-table.ts';

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
    // i64_fast returns a number instead of a bigint whenever the value is a safe integer.
    const answer = returns === 'long' ? 'i64_fast' : 'i32';
    return [name, { args: takes.map((kind) => BUN_TYPES[kind]), returns: answer }];
  });
  const { symbols } = open(ffi, {
    ...(Object.fromEntries(declarations) as Record<string, { args: string[]; returns: string }>),
    __errno_location: { args: [], returns: 'ptr' },
  });
  // The location belongs to the thread, and a module instance never leaves its thread.
  const errnoPointer = symbols['__errno_location']?.() ?? 0;
  const errors = new CallErrors(() => ffi.read.i32(errnoPointer, 0));
  const calls = Object.fromEntries(names.flatMap((name) => {
    const call = symbols[name];
    return call === undefined ? [] : [[name, errors.noted(call, ONCE.has(name) ? 0 : REPEATS)]];
  }));
  return {
    calls: calls as Record<CallName, BoundCall>,
    errno: () => errors.last(),
    address: (bytes) => BigInt(ffi.ptr(bytes)),
  };
}

const REPEATS = 4;
/**
 * Calls that must not be repeated: the second would act differently, or lose the first one's error.
 */
const ONCE: ReadonlySet<CallName> = new Set(['close', 'fsync', 'execve']);

/** A limit of the address space may leave no room for machine code; then there are no calls. */
function open(
  ffi: BunFfi, symbols: Parameters<BunFfi['dlopen']>[1],
): ReturnType<BunFfi['dlopen']> {
  try {
    return ffi.dlopen('libc.so.6', symbols);
  } catch (error) {
    throw new UnsupportedError('NO_SYSTEM_CALLS', 'prepare system calls', {
      hint: 'ulimit -v unlimited; or use berth.cjs, which needs less',
      cause: error,
    });
  }
}

function builtinModule(name: string): unknown {
  const get = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule;
  return get?.(name);
}
