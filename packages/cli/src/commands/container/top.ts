/** `berth top`: the processes of a container. */
import { topByPs, topContainer } from '@berth/engine/containers/top';
import { BerthCommand, type Invocation } from '../../command.ts';
import { latestFlag, selectOne } from '../../flags/selection-flags.ts';
import { print } from '../../output/streams.ts';
import { formatTable } from '../../output/table.ts';

const FLAGS = { latest: latestFlag } as const;

/** Prints a table of processes. */
export class TopCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['top'],
    operands: 'CONTAINER [COLUMN...]',
    stopsAtOperand: true,
    summary: 'List the processes of a container',
    details: `COLUMN is one of user, pid, ppid, pcpu, etime, tty, time, args, comm, hpid, huser …
Options of ps(1), such as -ef or aux, are passed to the container's own ps.`,
    examples: [
      ['The usual columns', 'berth top web'],
      ['Process ids inside and outside', 'berth top web pid hpid args'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number | void> {
    const engine = this.openEngine();
    const [name, ...columns] = await selectOne(engine, { flags, operands });
    if (columns.some((column) => column.startsWith('-') || column === 'aux')) {
      return topByPs(engine, name, columns);
    }
    print(formatTable(await topContainer(engine, name, columns)));
  }
}
