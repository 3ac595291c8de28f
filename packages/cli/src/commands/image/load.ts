/** `berth load`: take images from an archive or a layout folder. */
import { loadImages } from '@berth/engine/images/load';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text, toggle } from '../../flags/flag.ts';
import { print } from '../../output/streams.ts';
import { isTerminal } from '../../output/terminal.ts';

const FLAGS = {
  input: text('PATH|URL', 'read a file, a folder or a web address instead of standard input', {
    short: 'i',
  }),
  quiet: toggle('show no progress', { short: 'q' }),
  'signature-policy': text('PATH', 'in place of policy.json', { hidden: true }),
} as const;

/** The images are in the store; their names are printed. */
export class LoadCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['load'],
    operands: '',
    most: 0,
    summary: 'Load images from an archive',
    details: `Reads archives of "docker save", "podman save" and skopeo: docker-archive and
oci-archive, compressed or not, and folders in the OCI layout.`,
    examples: [
      ['From a file', 'berth load -i images.tar'],
      ['From the web', 'berth load -i https://example.org/images.tar.gz'],
      ['From another machine', 'ssh build podman save app | berth load'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    if (flags.input === undefined && isTerminal(0)) {
      throw new UsageError('NO_INPUT', 'load from standard input: it is a terminal', {
        hint: 'berth load -i FILE',
      });
    }
    const loaded = await loadImages(this.openEngine(flags), {
      input: flags.input, signaturePolicy: flags['signature-policy'],
    });
    const names = loaded.flatMap(({ names, id }) => (names.length > 0 ? names : [`sha256:${id}`]));
    print(names.map((name) => `Loaded image: ${name}\n`).join(''));
  }
}
