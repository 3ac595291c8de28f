/** `berth volume exists`: tell by the exit status whether a volume exists. */
import { volumeExists } from '@berth/engine/volumes/volumes';
import { BerthCommand, type Invocation } from '../../command.ts';

const FLAGS = {} as const;

/** Status 0 when there is one, 1 when there is none. */
export class VolumeExistsCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'exists'],
    operands: 'VOLUME',
    least: 1,
    most: 1,
    summary: 'Tell whether a volume exists',
    examples: [
      ['In a script', 'berth volume exists pgdata || berth volume create pgdata'],
      ['By hand', 'berth volume exists pgdata'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ operands: [name = ''] }: Invocation<typeof FLAGS>): Promise<number> {
    return volumeExists(this.openEngine(), name) ? 0 : 1;
  }
}
