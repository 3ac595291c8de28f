/** How images are got, as data that costs nothing to load. */

export interface PullOptions {
  policy: 'always' | 'missing' | 'never' | 'newer';
  /** `os/arch[/variant]`; undefined is this machine's. */
  platform: string | undefined;
  /** `USER[:PASSWORD]` */
  credentials: string | undefined;
  authFile: string | undefined;
  tlsVerify: boolean | undefined;
  certDir: string | undefined;
  quiet: boolean;
  allTags?: boolean | undefined;
  retry?: number | undefined;
  retryDelayMs?: number | undefined;
}
