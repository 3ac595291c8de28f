/** The options of a pull, as data that costs nothing to load. */

/** When an image is pulled, which one, and how the registry is reached. */
export interface PullOptions {
  policy: 'always' | 'missing' | 'never' | 'newer';
  /** `os/arch[/variant]`; undefined is the platform of this machine. */
  platform: string | undefined;
  /** `USER[:PASSWORD]` */
  credentials: string | undefined;
  authFile: string | undefined;
  tlsVerify: boolean | undefined;
  certDir: string | undefined;
  /** A file used in place of the user's and the system's policy.json. */
  signaturePolicy?: string | undefined;
  quiet: boolean;
  allTags?: boolean | undefined;
  retry?: number | undefined;
  retryDelayMs?: number | undefined;
}
