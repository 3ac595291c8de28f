/** `berth version`: show the version of this program. */
import { versionInfo } from '@berth/engine/system/version';
import { BerthCommand, type Invocation } from '../../command.ts';
import { formatFlag } from '../../flags/list-flags.ts';
import { isJson, printJson, printObjects } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';

const FLAGS = { format: formatFlag } as const;
const NAME_COLUMN = 14;
const LABELS: Readonly<Record<string, string>> = {
  APIVersion: 'API Version',
  OsArch: 'OS/Arch',
};

/** Prints lines, json or what a template makes of it. */
export class VersionCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['version'],
    operands: '',
    most: 0,
    summary: 'Show the version',
    examples: [
      ['The number alone', "berth version --format '{{.Client.Version}}'"],
      ['All of it, for a script', 'berth version --format json'],
    ],
    flags: FLAGS,
    root: 'own',
  } as const;

  protected async run({ flags: { format } }: Invocation<typeof FLAGS>): Promise<void> {
    const info = versionInfo();
    if (format === undefined) {
      const shown = Object.entries({ Client: 'Berth', ...info['Client'] });
      const lines = shown.filter(([key]) => key !== 'Os').map(([key, value]) =>
        `${`${LABELS[key] ?? key}:`.padEnd(NAME_COLUMN)}${value}\n`);
      print(lines.join(''));
    } else if (isJson(format)) {
      printJson(info);
    } else {
      await printObjects([info], format);
    }
  }
}
