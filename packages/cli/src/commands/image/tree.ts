/** `berth image tree`: the layers of an image. */
import { imageTree } from '@berth/engine/images/inspect';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored } from '../../flags/flag.ts';
import { humanSize, shortId } from '../../output/human.ts';
import { print } from '../../output/streams.ts';

const FLAGS = { whatrequires: ignored('toggle') } as const;

/** Prints a line for each layer, the bottom one first. */
export class ImageTreeCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['image', 'tree'],
    operands: 'IMAGE',
    least: 1,
    most: 1,
    summary: 'Show the layers of an image',
    examples: [
      ['Which images end in which layer', 'berth image tree debian'],
      ['By the id of the image', 'berth image tree 5c1f0f6dd1a4'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ operands: [name = ''] }: Invocation<typeof FLAGS>): Promise<void> {
    const { image, layers } = await imageTree(this.openEngine(), name);
    const lines = layers.map(({ id, sizeBytes, topOf }, index) => {
      const branch = index === layers.length - 1 ? '└──' : '├──';
      const top = topOf.length > 0 ? ` Top Layer of: [${topOf.join(' ')}]` : '';
      return `${branch} ID: ${shortId(id)} Size: ${humanSize(sizeBytes)}${top}\n`;
    });
    const head = [
      `Image ID: ${shortId(image.id)}`,
      `Tags:     [${image.tags.join(' ')}]`,
      `Size:     ${humanSize(image.sizeBytes)}`,
      'Image Layers',
    ];
    print(`${head.join('\n')}\n${lines.join('')}`);
  }
}
