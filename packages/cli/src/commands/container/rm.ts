/** `berth rm`: remove containers. */
import { removeContainer } from '@berth/engine/containers/remove';
import { BerthCommand, type Invocation } from '../../command.ts';
import { toggle, whole } from '../../flags/flag.ts';
import { forEachContainer, ignoreFlag, SELECTION_FLAGS } from '../../flags/selection-flags.ts';

const FLAGS = {
  ...SELECTION_FLAGS,
  depend: toggle('containers that share its namespaces too'),
  force: toggle('stop containers that run first; unknown names are no error', { short: 'f' }),
  ignore: ignoreFlag,
  time: whole('SECONDS', 'with --force, how long to wait before killing', {
    short: 't',
    aliases: ['timeout'],
  }),
  volumes: toggle('anonymous volumes too', { short: 'v' }),
} as const;

/** Of names that are no container's, as in Podman. */
const MISSING_STATUS = 1;

/** The containers are gone, with all that was made for them alone. */
export class RemoveCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['rm'],
    operands: 'CONTAINER...',
    summary: 'Remove containers',
    examples: [
      ['Remove a container that has ended', 'berth rm job'],
      ['Remove all containers, also running ones', 'berth rm --force --all'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const chosen = { flags: { ...flags, ignore: flags.ignore || flags.force }, operands };
    return forEachContainer(engine, { ...chosen, missingStatus: MISSING_STATUS }, async (name) =>
      removeContainer(engine, name, {
        force: flags.force,
        elsewhere: operands.includes(name),
        volumes: flags.volumes,
        timeoutSeconds: flags.time,
      }),
    );
  }
}
