/** `berth inspect` and `berth container inspect`: all details of an object, as json. */
import type { Engine } from '@berth/engine';
import { inspectContainer } from '@berth/engine/containers/inspect';
import { NotFoundError, UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import { text, toggle } from '../../flags/flag.ts';
import { formatFlag } from '../../flags/list-flags.ts';
import { latestFlag, selectContainers } from '../../flags/selection-flags.ts';
import { printObjects } from '../../output/listing.ts';

const FLAGS = {
  format: formatFlag,
  latest: latestFlag,
  size: toggle('show the size on disk', { short: 's' }),
  type: text('TYPE', 'container, image, volume or all (the default)', { short: 't' }),
} as const;

type Inspect = (engine: Engine, name: string, size: boolean) => Promise<Record<string, unknown>>;

/** In the order in which a name is looked for. */
const TYPES: Readonly<Record<string, Inspect>> = {
  container: async (engine, name, size) => inspectContainer(engine, name, { size }),
  image: async (engine, name) =>
    (await import('@berth/engine/images/inspect')).inspectImage(engine, name),
  volume: async (engine, name) =>
    (await import('@berth/engine/volumes/volumes')).inspectVolume(engine, name),
};

/** Prints one object for each name; the first kind that has the name counts. */
export class InspectCommand extends BerthCommand<typeof FLAGS> {
  readonly spec: BerthCommand<typeof FLAGS>['spec'] = {
    path: ['inspect'],
    operands: 'NAME...',
    summary: 'Show all details of containers, images or volumes',
    examples: [
      ['Everything', 'berth inspect web'],
      ['One thing', "berth inspect --format '{{.State.Pid}}' web"],
    ],
    flags: FLAGS,
  };

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const type = this.spec.path[0] === 'container' ? 'container' : (flags.type ?? 'all');
    const kinds =
      Object.entries(TYPES).flatMap(([name, kind]) => type === 'all' || type === name ? kind : []);
    if (kinds.length === 0) {
      throw new UsageError('BAD_TYPE', `inspect objects of type "${type}": no such type`);
    }
    const found: object[] = [];
    const names = await selectContainers(engine, { flags, operands });
    const status = await forEach(names, async (name) => {
      found.push(await inspectFirst(engine, { name, size: flags.size, kinds }));
    });
    if (found.length > 0 || flags.format === undefined) {
      await printObjects(found, flags.format);
    }
    return status;
  }
}

/** As InspectCommand, for containers only. */
export class ContainerInspectCommand extends InspectCommand {
  override readonly spec = {
    path: ['container', 'inspect'],
    operands: 'CONTAINER...',
    summary: 'Show all details of containers',
    examples: [
      ['Everything', 'berth container inspect web'],
      ['One thing', "berth container inspect --format '{{.State.Status}}' web"],
    ],
    flags: FLAGS,
  } as const;
}

interface Wanted {
  name: string;
  size: boolean;
  kinds: readonly Inspect[];
}

async function inspectFirst(engine: Engine, { name, size, kinds }: Wanted): Promise<object> {
  for (const inspect of kinds) {
    try {
      return await inspect(engine, name, size);
    } catch (error) {
      const isLast = inspect === kinds.at(-1);
      if (!(error instanceof NotFoundError) || (isLast && kinds.length === 1)) throw error;
    }
  }
  throw new NotFoundError(
    'NO_SUCH_OBJECT',
    `inspect "${name}": no such container, image or volume`,
  );
}
