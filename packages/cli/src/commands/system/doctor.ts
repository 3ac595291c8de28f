/** `berth doctor`: show what is slower, weaker or missing on this machine, and how to fix it. */
import { examine } from '@berth/engine/doctor/doctor';
import type { Finding } from '@berth/engine/doctor/finding';
import { BerthCommand, type Invocation } from '../../command.ts';
import { toggle } from '../../flags/flag.ts';
import { formatFlag } from '../../flags/list-flags.ts';
import { counted } from '../../output/human.ts';
import { isJson, printJson, printObjects } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  format: formatFlag,
  quiet: toggle('show only what could be better', { short: 'q' }),
} as const;

const SOMETHING_FOUND = 1;
const BLOCKED = 2;

/** Prints the findings. */
export class DoctorCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['doctor'],
    operands: '',
    most: 0,
    summary: 'Show what is slower, weaker or missing on this machine, and how to fix it',
    details: `Each finding says what it costs you, and which line you or an administrator can type
to fix it. The exit status is 0 if nothing can be better, 1 if something is slower, weaker or
missing, 2 if no container can run.`,
    examples: [
      ['What an administrator should do', 'berth doctor --quiet'],
      ['In a script', "berth doctor --format '{{.ID}} {{.Severity}}'"],
      ['As data', 'berth doctor --format json'],
    ],
    flags: FLAGS,
    root: 'looks',
  } as const;

  protected async run({ flags: { format, quiet } }: Invocation<typeof FLAGS>): Promise<number> {
    const all = examine(this.openEngine({ onlyLooks: true }));
    const shown = quiet ? all.filter(({ severity }) => severity !== 'ok') : all;
    if (format === undefined) {
      print(shown.map(paragraph).join('') + conclusion(all));
    } else if (isJson(format)) {
      printJson(shown);
    } else {
      await printObjects(shown.map(templateFields), format);
    }
    return statusOf(all);
  }
}

const LABEL_WIDTH = 9;

function paragraph({ severity, found, cost, remedies }: Finding): string {
  const lines = [`${severity.padEnd(LABEL_WIDTH)}${found}`];
  const indent = ' '.repeat(LABEL_WIDTH);
  if (cost !== undefined) lines.push(`${indent}${cost}`);
  for (const { who, command } of remedies) {
    lines.push(`${indent}${who === 'user' ? 'you' : 'administrator'}: ${command}`);
  }
  return `${lines.join('\n')}\n`;
}

function conclusion(findings: readonly Finding[]): string {
  const bad = findings.filter(({ severity }) => severity !== 'ok');
  if (bad.length === 0) return 'Everything is as good as it gets.\n';
  const blocked = bad.some(({ severity }) => severity === 'blocked');
  const things = counted(bad.length, 'thing');
  return `${things} could be better; containers ${blocked ? "can't run" : 'run'}.\n`;
}

function templateFields({ id, severity, found, cost, remedies }: Finding): object {
  return { ID: id, Severity: severity, Found: found, Cost: cost ?? '', Remedies: remedies };
}

function statusOf(findings: readonly Finding[]): number {
  if (findings.some(({ severity }) => severity === 'blocked')) return BLOCKED;
  return findings.some(({ severity }) => severity !== 'ok') ? SOMETHING_FOUND : 0;
}
