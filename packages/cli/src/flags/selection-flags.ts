/**
 * Flags that choose containers, in addition to names, for commands that act on several containers.
 */
import type { Engine } from '@berth/engine';
import type { ContainerState } from '@berth/engine/lifecycle';
import { resolveContainers } from '@berth/engine/containers/resolve';
import { NotFoundError, UsageError } from '@berth/errors';
import { forEach } from '../each.ts';
import { listed, toggle, type FlagValues } from './flag.ts';
import { filterFlag, parseFilters } from './list-flags.ts';

/** `--latest` of commands that act on containers. */
export const latestFlag = toggle('the newest container', { short: 'l' });

/** For commands that act on containers. */
export const SELECTION_FLAGS = {
  all: toggle('all containers', { short: 'a' }),
  cidfile: listed('PATH', 'read container ids from PATH'),
  filter: { ...filterFlag, short: undefined },
  latest: latestFlag,
} as const;

/** `--ignore` of commands that act on containers. */
export const ignoreFlag = toggle('containers that do not exist are no error', { short: 'i' });

/** States of containers that have processes. */
export const LIVE: readonly ContainerState[] = ['running', 'paused'];

/** The flags that choose containers; a flag that the command does not have is undefined. */
export interface SelectionValues extends Partial<FlagValues<typeof SELECTION_FLAGS>> {
  ignore?: boolean;
}

/** Which containers --all and filters may choose. */
export interface SelectionRules {
  /** Only containers in one of these states; undefined allows all. */
  states?: readonly ContainerState[] | undefined;
}

/**
 * Names and ids: first the ids of the containers that flags choose, then the operands as typed.
 * Throws UsageError when nothing was chosen or too much, NotFoundError for --latest when there are
 * no containers.
 */
export async function selectContainers(
  engine: Engine,
  chosen: { flags: SelectionValues; operands: readonly string[] },
  { states }: SelectionRules = {},
): Promise<string[]> {
  const { flags, operands } = chosen;
  const { all = false, latest = false, filter = [], cidfile = [] } = flags;
  const chooses = all || latest || filter.length > 0 || cidfile.length > 0;
  if (!chooses && operands.length === 0) {
    const flagNames = ['all', 'latest', 'filter'].filter((name) => Object.hasOwn(flags, name));
    throw new UsageError('NO_CONTAINER', 'choose containers: none is named', {
      hint: ['give names or ids', ...flagNames.map((name) => `--${name}`)].join(', or '),
    });
  }
  if ((all || latest) && operands.length > 0) {
    throw new UsageError('ALL_AND_NAMES',
      `read --${all ? 'all' : 'latest'}: it excludes names such as "${operands[0]}"`);
  }
  if (!chooses) {
    return [...operands];
  }
  const filters = parseFilters(filter);
  const ids = await resolveContainers(engine, {
    names: [],
    all,
    latest,
    filters,
    cidFiles: cidfile,
    states,
  });
  return [...ids, ...operands];
}

/** The one container that an operand or --latest names, and the operands that follow it. */
export async function selectOne(
  engine: Engine,
  chosen: { flags: { latest: boolean }; operands: readonly string[] },
): Promise<[name: string, ...rest: string[]]> {
  const { flags, operands } = chosen;
  const [first, ...rest] = operands;
  if (flags.latest) {
    const [latest = ''] = await selectContainers(engine, { flags, operands: [] });
    return [latest, ...operands];
  }
  if (first === undefined) {
    throw new UsageError('NO_CONTAINER', 'choose a container: none is named', {
      hint: 'give a name or an id, or --latest',
    });
  }
  return [first, ...rest];
}

/** The containers that a command acts on. */
export interface ChosenContainers {
  flags: SelectionValues;
  operands: readonly string[];
  /** With --all or filters: only containers in one of these states. */
  states?: readonly ContainerState[] | undefined;
  /** The exit status when no container has a given name; 125 by default. */
  missingStatus?: number;
}

/**
 * Runs `act` for each chosen container and prints its answer, or the typed name when it has none.
 * Answers the exit status.
 */
export async function forEachContainer(
  engine: Engine,
  chosen: ChosenContainers,
  act: (name: string) => Promise<unknown> | unknown,
): Promise<number> {
  const { flags, states, missingStatus } = chosen;
  const names = await selectContainers(engine, chosen, { states });
  const each = async (name: string): Promise<string | undefined> => {
    try {
      await act(name);
      return name;
    } catch (error) {
      if (flags.ignore === true && error instanceof NotFoundError) return undefined;
      throw error;
    }
  };
  return forEach(names, each, { missingStatus });
}
