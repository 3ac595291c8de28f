/**
 * Replaces this process by the native client, so that no JavaScript stays in memory while a
 * container runs. The client takes over the standard streams.
 */
import { execve } from '@berth/host';
import { callersDescriptorLimit } from './descriptor-limit.ts';
import { helperEnvironment, nativeHelper } from './native-helper.ts';

/** How the native client behaves. */
export interface ClientSettings {
  /** Streams to attach to; empty when the container is only started. */
  attach: readonly string[];
  detachKeys: string | undefined;
  sigProxy: boolean;
  /** Return as soon as the container has started. */
  detach: boolean;
  /** Text printed on standard output once it has started. */
  print: string | undefined;
}

/** Arguments that start a container from its plan. */
export function launchArguments(plan: string, client: ClientSettings): string[] {
  return ['launch', '--plan', plan, ...ownLimit(), ...clientFlags(client)];
}

/** Arguments that run an exec plan in a running container. */
export function execArguments(
  runDirectory: string,
  plan: string,
  client: ClientSettings,
): string[] {
  const where = ['--run-dir', runDirectory, '--plan', plan];
  return ['exec', ...where, ...ownLimit(), ...clientFlags(client)];
}

/** Arguments that attach to a running container, one with a terminal or not. */
export function attachArguments(
  runDirectory: string,
  client: ClientSettings,
  terminal: boolean,
): string[] {
  const flags = [...ownLimit(), ...clientFlags(client), '--terminal', terminal ? '1' : '0'];
  return ['attach', '--run-dir', runDirectory, ...flags];
}

function ownLimit(): string[] {
  return ['--nofile', String(callersDescriptorLimit())];
}

/** The client's settings as its command line flags. */
export function clientFlags(client: ClientSettings): string[] {
  const flags: string[] = [];
  if (client.attach.length > 0) {
    flags.push('--attach', client.attach.join(','));
  }
  if (client.detachKeys !== undefined) {
    flags.push('--detach-keys', client.detachKeys);
  }
  if (client.print !== undefined) {
    flags.push('--print', client.print);
  }
  if (client.detach) {
    flags.push('--detach');
  }
  flags.push('--sig-proxy', client.sigProxy ? '1' : '0');
  return flags;
}

/**
 * This process becomes the native client with these arguments; never returns. Descriptors from 3 on
 * are closed, except those to keep; `variables` are added to the environment. Throws SystemError
 * when the helper can't be executed.
 */
export function handOver(
  args: readonly string[],
  keepDescriptors: readonly number[],
  variables: Readonly<Record<string, string>> = {},
): never {
  return execve({
    path: nativeHelper(),
    argv: ['berth-native', ...args],
    environment: { ...helperEnvironment(), ...variables },
    keepDescriptors,
  });
}
