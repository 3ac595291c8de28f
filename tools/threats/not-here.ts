/**
 * Attacks on others that have nothing to reach here, with the reason. Who adds what is missing
 * takes its line out and writes the test.
 */

/** Attacks that do not apply for one reason. */
export interface NotHere {
  readonly what: string;
  readonly identifiers: readonly string[];
}

/** In the order of the table. */
export const NOT_HERE: readonly NotHere[] = [
  {
    what: 'there is no `cp`',
    identifiers: ['CVE-2018-15664', 'CVE-2019-10152', 'CVE-2021-41089', 'CVE-2026-41568',
      'CVE-2026-42306'],
  },
  {
    what: 'there is no `build`',
    identifiers: ['CVE-2021-3602', 'CVE-2022-4122', 'CVE-2024-1753', 'CVE-2024-9407',
      'CVE-2024-9675', 'CVE-2024-11218', 'CVE-2024-23650', 'CVE-2024-23651', 'CVE-2024-23652',
      'CVE-2024-23653', 'CVE-2024-24557', 'CVE-2025-4953', 'CVE-2026-33747', 'CVE-2026-44517'],
  },
  {
    what: 'there is no daemon and no API',
    identifiers: ['CVE-2020-14370', 'CVE-2024-41110', 'CVE-2026-34040'],
  },
  { what: 'there is no `kube play`', identifiers: ['CVE-2025-9566'] },
  {
    what: 'there are no hooks, no CDI and no checkpoints',
    identifiers: ['CVE-2024-0132', 'CVE-2025-23266', 'CVE-2026-50195', 'CVE-2026-53489',
      'CVE-2026-53492'],
  },
  {
    what: 'nothing is mounted into an image by itself (FIPS)',
    identifiers: ['CVE-2024-9341'],
  },
  {
    what: 'Berth serves no DNS and parses no packets; pasta and slirp4netns are the machine\'s',
    identifiers: ['CVE-2020-1983', 'CVE-2020-8608', 'CVE-2020-10756', 'CVE-2024-8418'],
  },
  {
    what: 'faults of a library that Berth has not: it unpacks by an applier of its own, whose '
      + 'archives of the same kinds are in test/security/images.test.ts',
    identifiers: ['CVE-2021-32803', 'CVE-2021-32804', 'CVE-2021-37712', 'CVE-2021-37713',
      'CVE-2024-12905', 'CVE-2025-48387', 'CVE-2025-59343', 'CVE-2026-23745', 'CVE-2026-23950',
      'CVE-2026-29786', 'CVE-2026-31802'],
  },
  {
    what: 'faults of the kernel or of set-uid programs, mended there; layers lie in folders that '
      + 'are closed to others',
    identifiers: ['CVE-2016-6252', 'CVE-2021-3493', 'CVE-2023-0386', 'CVE-2023-2640'],
  },
];
