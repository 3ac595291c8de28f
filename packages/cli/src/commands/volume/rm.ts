/** `berth volume rm`: remove volumes. */
import { listVolumes, removeVolume } from '@berth/engine/volumes/volumes';
import { NotFoundError, UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import { toggle, whole } from '../../flags/flag.ts';

const FLAGS = {
  all: toggle('all volumes', { short: 'a' }),
  force: toggle('also remove containers that use them; unknown names are no error', { short: 'f' }),
  time: whole('SECONDS', 'with --force, how long to wait before killing', { short: 't' }),
} as const;

/** Of names that are no volume's, as in Podman. */
const MISSING_STATUS = 1;

/** The volumes are gone with all that is in them; their names are printed. */
export class VolumeRemoveCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'rm'],
    operands: 'VOLUME...',
    summary: 'Remove volumes',
    examples: [
      ['A volume and its content', 'berth volume rm pgdata'],
      ['With the containers that use it', 'berth volume rm --force pgdata'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    if (!flags.all && operands.length === 0) {
      throw new UsageError('NO_VOLUME', 'remove volumes: no name and no --all');
    }
    const names = flags.all ? listVolumes(engine, []).map(({ name }) => name) : operands;
    const remove = async (name: string): Promise<string | undefined> => {
      try {
        return await removeVolume(engine, name, { force: flags.force });
      } catch (error) {
        if (flags.force && error instanceof NotFoundError) return undefined;
        throw error;
      }
    };
    return forEach(names, remove, { missingStatus: MISSING_STATUS });
  }
}
