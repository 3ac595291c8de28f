/** `berth system check`: check everything in the store, and repair it. */
import { checkSystem } from '@berth/engine/system/check';
import type { CheckFinding, CheckReport } from '@berth/engine/system/check-report';
import { IntegrityError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text, toggle } from '../../flags/flag.ts';
import { registryAccess, REGISTRY_FLAGS } from '../../flags/pull-flags.ts';
import { parseDuration } from '../../parse/duration.ts';
import { counted, humanSize, shortId } from '../../output/human.ts';
import { isJson, printJson, printObjects } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  ...REGISTRY_FLAGS,
  force: toggle('with --repair: also remove damaged containers, and those of damaged images', {
    short: 'f',
  }),
  format: text('FORMAT', 'json, or a Go template for each finding'),
  max: text('DURATION', 'ignore unused layers that are younger than this', { short: 'm' }),
  quick: toggle('compare sizes, not contents', { short: 'q' }),
  repair: toggle('mend layers, else pull images again, else remove what is damaged', {
    short: 'r',
  }),
} as const;

/** Prints what is wrong, object by object, and what was done. */
export class SystemCheckCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['system', 'check'],
    operands: '',
    most: 0,
    summary: 'Check that nothing in the store is damaged',
    details: `Compares every file of every layer (content, owner, mode, extended attributes, time)
with the layer's recipe, and every record with the data it describes. Looks for names that point
nowhere, and for leftovers of killed commands. Layers that nothing uses are counted, but are no
error. --repair puts back in place whatever the recipes know: only an image whose content is nowhere
else in the store is pulled again, or removed. The exit status is 0 if nothing is wrong, or if
everything was repaired.`,
    examples: [
      ['Look only', 'berth system check'],
      ['Repair what can be repaired', 'berth system check --repair'],
      ['In seconds, without reading contents', 'berth system check --quick'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, given }: Invocation<typeof FLAGS>): Promise<void> {
    const { format, force, quick, repair } = flags;
    const unusedAgeMs = flags.max === undefined ? 0 : parseDuration(flags.max);
    const engine = this.openEngine({ quiet: true });
    const access = registryAccess(flags, given);
    const pull = { ...access, policy: 'always', platform: undefined } as const;
    const report = await checkSystem(engine, { force, quick, repair, unusedAgeMs, pull });
    if (format === undefined) {
      print(report.findings.map(line).join('') + summary(report));
    } else if (isJson(format)) {
      printJson(report);
    } else {
      await printObjects(report.findings, format);
    }
    requireSound(report, repair);
  }
}

function line({ kind, object, path, problem, action, repaired }: CheckFinding): string {
  const where = path === undefined ? '' : `"${path}": `;
  const done = action === undefined ? '' : ` (${action})`;
  const isPath = ['leftover', 'stranger', 'folder'].includes(kind);
  const what = isPath ? object : `${kind} ${shortened(object)}`;
  return `${what}: ${where}${problem}${done}${action === undefined || repaired ? '' : ' [!]'}\n`;
}

function shortened(object: string): string {
  const isLong = /^(sha256:)?[0-9a-f]{64}$/.test(object);
  return isLong ? shortId(object) : object;
}

function summary(report: CheckReport): string {
  const { checked, findings } = report;
  const { images, layers, layerBytes, layerFiles, containers, volumes } = checked;
  const what =
    `${counted(images, 'image')}, ${counted(layers, 'layer')} (${counted(layerFiles, 'file')}, ` +
    `${humanSize(layerBytes)}), ${counted(containers, 'container')}, ${counted(volumes, 'volume')}`;
  const repaired = findings.filter((finding) => finding.repaired).length;
  const result = findings.length === 0 ? 'nothing is wrong'
    : `${counted(findings.length, 'thing')} found, ${repaired} repaired`;
  return `Checked ${what}: ${result}\n${unusedLine(report)}`;
}

function unusedLine({ unused: { layers, blobs, bytes } }: CheckReport): string {
  if (layers + blobs === 0) return '';
  const unused = `${counted(layers, 'layer')}, ${counted(blobs, 'blob')}`;
  return `Unused: ${unused}; berth image prune frees ${humanSize(bytes)}\n`;
}

function requireSound({ findings }: CheckReport, repair: boolean): void {
  const left = findings.filter((finding) => !finding.repaired);
  if (left.length === 0) return;
  const things = `${counted(left.length, 'thing')} ${left.length === 1 ? 'is' : 'are'}`;
  throw repair
    ? new IntegrityError('STORE_DAMAGED', `repair the store: ${things} left`, {
      hint: 'berth system check --repair --force removes what is damaged and what uses it',
    })
    : new IntegrityError('STORE_DAMAGED', `check the store: ${things} wrong`, {
      hint: 'berth system check --repair',
    });
}
