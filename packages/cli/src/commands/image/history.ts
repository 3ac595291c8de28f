/** `berth history`: the steps by which an image was made. */
import { imageHistory, type HistoryEntry } from '@berth/engine/images/inspect';
import { BerthCommand, type Invocation } from '../../command.ts';
import { toggle } from '../../flags/flag.ts';
import { longFormatFlag } from '../../flags/list-flags.ts';
import { humanAgo, humanSize, shortId } from '../../output/human.ts';
import { printListing } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  format: longFormatFlag,
  human: toggle('show sizes and times in readable units', { short: 'H', initial: true }),
  'no-trunc': toggle('show commands and ids in full'),
  quiet: toggle('print ids only', { short: 'q' }),
} as const;

const SHORT_COMMAND = 45;

/** Prints a table, newest step first. */
export class HistoryCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['history'],
    operands: 'IMAGE',
    least: 1,
    most: 1,
    summary: 'Show the history of an image',
    examples: [
      ['Find out what made an image large', 'berth history --no-trunc debian'],
      ['Sizes in bytes, for a script', 'berth history --human=false --format json debian'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<void> {
    const entries = await imageHistory(this.openEngine(), operands[0] ?? '');
    const { human, 'no-trunc': full } = flags;
    if (flags.quiet) {
      print(entries.map(({ id }) => `${idText(id, full)}\n`).join(''));
      return;
    }
    const text = (entry: HistoryEntry): Row => rowOf(entry, { human, full });
    await printListing<HistoryEntry>({
      entries,
      columns: [
        { title: 'ID', show: (entry) => text(entry).ID },
        { title: 'CREATED', show: (entry) => text(entry).Created },
        { title: 'CREATED BY', show: (entry) => text(entry).CreatedBy },
        { title: 'SIZE', show: (entry) => text(entry).Size },
        { title: 'COMMENT', show: (entry) => text(entry).Comment },
      ],
      fields: text,
      json: historyJson,
      titles: {},
      format: flags.format,
      heading: true,
    });
  }
}

interface Row {
  ID: string;
  Created: string;
  CreatedAt: Date;
  CreatedSince: string;
  CreatedBy: string;
  Size: string;
  Comment: string;
  Tags: string[];
}

function rowOf(entry: HistoryEntry, { human, full }: { human: boolean; full: boolean }): Row {
  const time = entry.createdAt.toISOString().replace(/\.\d+/, '');
  const command = entry.createdBy.replace(/\s+/g, ' ');
  const isLong = !full && command.length > SHORT_COMMAND;
  return {
    ID: idText(entry.id, full),
    Created: human ? humanAgo(entry.createdAt) : time,
    CreatedAt: entry.createdAt,
    CreatedSince: humanAgo(entry.createdAt),
    CreatedBy: isLong ? `${command.slice(0, SHORT_COMMAND - 3)}...` : command,
    Size: human ? humanSize(entry.sizeBytes) : String(entry.sizeBytes),
    Comment: entry.comment,
    Tags: entry.tags,
  };
}

function historyJson({ id, createdAt, createdBy, sizeBytes, comment, tags }: HistoryEntry): object {
  return {
    id,
    created: createdAt.toISOString(),
    CreatedBy: createdBy,
    size: sizeBytes,
    comment,
    tags,
    Created: createdAt.toISOString(),
  };
}

function idText(id: string, full: boolean): string {
  return full || !/^[0-9a-f]+$/.test(id) ? id : shortId(id);
}
