/** `berth commit`: make an image of a container. */
import { commitContainer } from '@berth/engine/containers/commit';
import { writeTextFile } from '@berth/engine/images/output-file';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { each, text, toggle } from '../../flags/flag.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  author: text('NAME', 'who made the image, e.g. "Ann <ann@example.org>"', { short: 'a' }),
  change: each('INSTRUCTION', 'CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR …', {
    short: 'c',
  }),
  config: text('PATH', 'json with keys of an image\'s config (Env, Cmd …) to set'),
  format: text('FORMAT', 'oci (the default) or docker', { short: 'f' }),
  iidfile: text('PATH', 'write the image\'s id to PATH'),
  'include-volumes': toggle('make the paths of mounted volumes volumes of the image'),
  message: text('TEXT', 'the comment in the history of the image', { short: 'm' }),
  pause: toggle('pause the container meanwhile', { short: 'p' }),
  quiet: toggle('show no progress', { short: 'q' }),
  squash: toggle('make one layer of all files', { short: 's' }),
} as const;

/** The image is in the store; its id is printed. */
export class CommitCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['commit'],
    operands: 'CONTAINER [IMAGE]',
    least: 1,
    most: 2,
    summary: 'Make an image of a container',
    details: `The files that the container changed become one more layer on top of its image.
Volumes and other mounts are left out.`,
    examples: [
      ['After an installation by hand', 'berth commit box debian:tools'],
      ['With another command', 'berth commit -c "CMD nginx -g \'daemon off;\'" box web'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<void> {
    const [name = '', reference] = operands;
    const id = await commitContainer(this.openEngine(flags), name, {
      reference,
      author: flags.author,
      changes: flags.change,
      configFile: flags.config,
      format: formatOf(flags.format),
      includeVolumes: flags['include-volumes'],
      message: flags.message,
      pause: flags.pause,
      squash: flags.squash,
    });
    if (flags.iidfile !== undefined) writeTextFile(flags.iidfile, id);
    print(`${id}\n`);
  }
}

function formatOf(word: string | undefined): 'oci' | 'docker' {
  if (word === undefined || word === 'oci' || word === 'docker') return word ?? 'oci';
  throw new UsageError('BAD_FORMAT', `read --format "${word}": it is "oci" or "docker"`);
}
