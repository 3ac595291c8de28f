/** The names of the images that are part of Berth. */

/** The images that need no registry. */
export type EmbeddedName = 'hello' | 'host';

const REPOSITORY = 'localhost/berth';

/** Which embedded image a name means. */
export function embeddedName(name: string): EmbeddedName | undefined {
  const bare = name.replace(/^localhost\/berth\//, '').replace(/:latest$/, '');
  return bare === 'hello' || bare === 'host' ? bare : undefined;
}

/** The full name under which an embedded image is kept. */
export function embeddedReference(name: EmbeddedName): string {
  return `${REPOSITORY}/${name}:latest`;
}
