/** The first process of a container: arguments, environment, working directory. */
import { UsageError } from '@berth/errors';
import type { ImageConfig, ProcessSpec } from '@berth/oci';
import { capabilitySets, isRootUser } from './capabilities.ts';
import type { HostFacts } from './host-facts.ts';
import type { ContainerRequest } from './request.ts';
import { rlimits } from './rlimits.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_UMASK = 0o022;
/**
 * apt's settings for containers with one id. The file is in the private /dev, where it can't
 * collide with a file of the image.
 */
export const APT_CONFIG_PATH = '/dev/.berth/apt.conf';

/** What the first process of a container is made from. */
export interface ProcessInput {
  request: ContainerRequest;
  image: ImageConfig;
  host: HostFacts;
  hostname: string;
  capabilities: readonly string[];
}

/** The process. Its user is looked up by the helper at each start. Throws UsageError. */
export function processSpec(input: ProcessInput): ProcessSpec {
  const { request, image } = input;
  return {
    terminal: request.tty,
    user: { uid: 0, gid: 0, umask: umask(request.umask) },
    args: processArguments(request, image),
    env: environment(input),
    cwd: workingDirectory(request.workingDirectory ?? image.workingDirectory),
    capabilities: capabilitySets(input.capabilities, {
      isRoot: startsAsRoot(input),
      capAdd: request.capAdd,
    }),
    rlimits: rlimits(request.ulimits, input.host),
    noNewPrivileges: request.security.noNewPrivileges,
    ...(request.oomScoreAdjust === undefined ? {} : { oomScoreAdj: request.oomScoreAdjust }),
  };
}

/** Whether it starts as root. With keep-id it runs as the caller when nobody names a user. */
function startsAsRoot({ request, image }: ProcessInput): boolean {
  const user = request.user ?? (request.userns?.kind === 'keep-id' ? undefined : image.user);
  return user !== undefined && isRootUser(user);
}

/**
 * --entrypoint replaces the image's entrypoint and drops the image's command, as in Podman and
 * Docker.
 */
function processArguments(request: ContainerRequest, image: ImageConfig): string[] {
  const entrypoint = request.entrypoint ?? image.entrypoint ?? [];
  const imageCommand = request.entrypoint === undefined ? (image.command ?? []) : [];
  const command = request.command.length > 0 ? request.command : imageCommand;
  const args = [...entrypoint, ...command];
  if (args.length === 0) {
    throw new UsageError(
      'NO_COMMAND',
      request.rootFolder === undefined
        ? `run "${request.image}": neither the image nor the command line says what to run`
        : `run "${request.image}": the command line does not say what to run`,
      {
        hint: `berth run ${request.rootFolder === undefined ? '' : '--rootfs '}${request.image} sh`,
      },
    );
  }
  return args;
}

/** The variables; later entries win. The environment of the caller is not used here. */
function environment({ request, image, host, hostname }: ProcessInput): string[] {
  const variables = new Map<string, string>();
  const set = (entry: string): void => {
    const equals = entry.indexOf('=');
    variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  };
  set(`PATH=${DEFAULT_PATH}`);
  set('container=berth');
  if (request.tty) {
    set('TERM=xterm');
  }
  set(`HOSTNAME=${hostname}`);
  if (!host.hasManyIds) {
    set(`APT_CONFIG=${APT_CONFIG_PATH}`);
  }
  (request.environmentDefaults ?? []).forEach(set);
  if (!request.unsetAllEnvironment) {
    image.environment.forEach(set);
  }
  request.unsetEnvironment.forEach((name) => variables.delete(name));
  (request.environmentMerge ?? []).forEach((entry) => set(expand(entry, variables)));
  request.environment.forEach(set);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** Replaces `$NAME` and `${NAME}` by the values set so far, unknown names by nothing. */
function expand(entry: string, variables: ReadonlyMap<string, string>): string {
  const equals = entry.indexOf('=');
  const value = entry
    .slice(equals + 1)
    .replace(/\$(?:\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g, (_, braced?: string, bare?: string) =>
      variables.get(braced ?? bare ?? '') ?? '');
  return `${entry.slice(0, equals)}=${value}`;
}

function workingDirectory(path: string): string {
  return path === '' ? '/' : path.startsWith('/') ? path : `/${path}`;
}

function umask(text: string | undefined): number {
  if (text === undefined) {
    return DEFAULT_UMASK;
  }
  if (!/^[0-7]{1,4}$/.test(text)) {
    throw new UsageError('BAD_UMASK', `read the umask "${text}": not an octal number`);
  }
  return Number.parseInt(text, 8);
}
