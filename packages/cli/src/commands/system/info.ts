/** `berth info`: show facts of this machine and this store. */
import { systemInfo } from '@berth/engine/system/info';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored } from '../../flags/flag.ts';
import { formatFlag } from '../../flags/list-flags.ts';
import { isJson, printJson, printObjects } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';
import { formatYaml } from '../../output/yaml.ts';

const FLAGS = { debug: ignored('toggle'), format: formatFlag } as const;

/** Prints YAML, json or what a template makes of it. */
export class InfoCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['info'],
    operands: '',
    most: 0,
    summary: 'Show what Berth found on this machine',
    examples: [
      ['Where images are kept', "berth info --format '{{.store.graphRoot}}'"],
      ['All of it, for a script', 'berth info --format json'],
    ],
    flags: FLAGS,
    root: 'looks',
  } as const;

  protected async run({ flags: { format } }: Invocation<typeof FLAGS>): Promise<void> {
    const info = await systemInfo(this.openEngine({ onlyLooks: true }));
    if (format === undefined) {
      print(formatYaml(info));
    } else if (isJson(format)) {
      printJson(info);
    } else {
      await printObjects([info], format);
    }
  }
}
