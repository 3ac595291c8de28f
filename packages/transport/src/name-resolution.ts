/** What a name as typed can mean: the full names to try, in order. Pure. */
import { UsageError } from '@berth/errors';
import type { ImageName, Reference } from '@berth/oci';
import { formatReference, parseImageName, qualify } from '@berth/oci';
import type { RegistriesConfig } from './registries-config.ts';

/** One full name that may be meant, and why. */
export interface Candidate {
  readonly reference: Reference;
  readonly origin: 'qualified' | 'alias' | 'search';
}

/**
 * The full names that `text` may mean: itself when it has a registry, its alias, or one for each
 * search registry. Throws UsageError for a bad name, for a short one where nothing is configured
 * to look in, and for an ambiguous one where short-name-mode is enforcing.
 */
export function resolveName(text: string, config: RegistriesConfig): Candidate[] {
  const name = parseImageName(text);
  if (name.registry !== undefined) {
    return [{ reference: qualify(name, name.registry), origin: 'qualified' }];
  }
  const alias =
    config.shortNameMode === 'disabled' ? undefined : config.aliases.get(name.repository);
  if (alias !== undefined)
    return [{ reference: applyAlias(name, { alias, text }), origin: 'alias' }];
  const found = config.searchRegistries.map((registry): Candidate => ({
    reference: qualify(name, registry),
    origin: 'search',
  }));
  if (found.length === 0) {
    throw new UsageError(
      'SHORT_NAME',
      `find "${text}": a short name, and no unqualified-search-registries are set`,
      {
        hint: `use a full name, such as ${formatReference(qualify(name, 'docker.io'))}`,
      },
    );
  }
  if (found.length > 1 && config.shortNameMode === 'enforcing') {
    const names = found.map(({ reference }) => formatReference(reference));
    throw new UsageError('AMBIGUOUS_NAME', `find "${text}": it may mean ${names.join(' or ')}`, {
      hint: `use a full name, such as ${names[0] ?? ''}`,
    });
  }
  return found;
}

function applyAlias(name: ImageName, { alias, text }: { alias: string; text: string }): Reference {
  const target = parseImageName(alias);
  if (target.registry === undefined || target.tag !== undefined || target.digest !== undefined) {
    throw new UsageError(
      'BAD_ALIAS',
      `find "${text}": its alias "${alias}" is not a full name without tag`,
    );
  }
  return qualify({ ...target, tag: name.tag, digest: name.digest }, target.registry);
}
