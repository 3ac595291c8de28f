/** `berth diff`, `container diff` and `image diff`: which files differ. */
import { listChanges } from '@berth/engine/containers/changes';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text } from '../../flags/flag.ts';
import { latestFlag, selectOne } from '../../flags/selection-flags.ts';
import { isJson, printJson } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  format: text('FORMAT', 'json instead of lines'),
  latest: latestFlag,
} as const;

const LETTERS = { added: 'A', changed: 'C', deleted: 'D' } as const;

/** Prints a line for each file: A is added, C changed, D deleted. */
export class DiffCommand extends BerthCommand<typeof FLAGS> {
  readonly spec: BerthCommand<typeof FLAGS>['spec'] = {
    path: ['diff'],
    operands: 'CONTAINER|IMAGE [CONTAINER|IMAGE]',
    most: 2,
    summary: 'Show which files a container or an image changed',
    details: `Compares a container with its image, an image with its own lower layers, or the first
name with the second. A means added, C changed, D deleted. Mounts are left out.`,
    examples: [
      ['What a container changed', 'berth diff web'],
      ['From one image to another', 'berth diff web:2 web:1'],
    ],
    flags: FLAGS,
  };

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<void> {
    if (flags.format !== undefined && !isJson(flags.format)) {
      throw new UsageError('BAD_FORMAT', `read --format "${flags.format}": it is "json"`);
    }
    const engine = this.openEngine();
    const [name, than] = await selectOne(engine, { flags, operands });
    const [group] = this.spec.path;
    const only = group === 'container' || group === 'image' ? group : undefined;
    const changes = await listChanges(engine, name, { than, only });
    if (flags.format === undefined) {
      print(changes.map(({ kind, path }) => `${LETTERS[kind]} ${inOneLine(path)}\n`).join(''));
      return;
    }
    printJson(Object.fromEntries((['changed', 'added', 'deleted'] as const).flatMap((wanted) => {
      const paths = changes.filter(({ kind }) => kind === wanted).map(({ path }) => path);
      return paths.length === 0 ? [] : [[wanted, paths]];
    })));
  }
}

/** A newline in a name would make a line about another file. */
function inOneLine(path: string): string {
  return path.replaceAll('\n', '\\x0a');
}

/** As DiffCommand, for containers only. */
export class ContainerDiffCommand extends DiffCommand {
  override readonly spec = {
    path: ['container', 'diff'],
    operands: 'CONTAINER [CONTAINER]',
    most: 2,
    summary: 'Show which files a container changed',
    examples: [
      ['What a container changed', 'berth container diff web'],
      ['What it deleted', "berth container diff web | grep '^D'"],
    ],
    flags: FLAGS,
  } as const;
}

/** As DiffCommand, for images only. */
export class ImageDiffCommand extends DiffCommand {
  override readonly spec = {
    path: ['image', 'diff'],
    operands: 'IMAGE [IMAGE]',
    most: 2,
    summary: 'Show which files the last layer of an image changed',
    examples: [
      ['What the last layer changed', 'berth image diff web:2'],
      ['From one image to another', 'berth image diff web:2 web:1'],
    ],
    flags: FLAGS,
  } as const;
}
