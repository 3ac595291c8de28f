/** The options of a pull, as data that costs nothing to load. */
import type { RegistryAccess } from '../registry/access.ts';

/** When an image is pulled, which one, and how the registry is reached. */
export interface PullOptions extends RegistryAccess {
  policy: 'always' | 'missing' | 'never' | 'newer';
  /** `os/arch[/variant]`; undefined is the platform of this machine. */
  platform: string | undefined;
  /** A file used in place of the user's and the system's policy.json. */
  signaturePolicy?: string | undefined;
  allTags?: boolean | undefined;
}
