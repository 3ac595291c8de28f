/** Flags that may stand before or after any command. Those that choose parts of Podman that do
 * not exist here are accepted, because scripts pass them. */
import { foreign, ignored, text, toggle, type FlagValues } from './flag.ts';

const NO_REMOTE =
  'there is no service to talk to: leave the flag out and run berth on that machine';
const NO_OUT = 'leave the flag out, and redirect: berth … >FILE';
const NO_PLACES = 'leave the flag out: --root has a place for images, containers and volumes';

/** The flags before a command. After a command, the command's own table is searched first. */
export const GLOBAL_FLAGS = {
  version: toggle('print the version', { short: 'v' }),
  'log-level': text('LEVEL', '"debug" shows errors in full (debug, info, warn, error, …)'),
  root: text('PATH', 'keep images, containers and volumes under PATH'),
  runroot: text('PATH', 'keep sockets and other running state under PATH'),
  'storage-driver': text(
    'NAME',
    'how a new store makes root file systems: overlay, fuse-overlayfs or copy; by default the ' +
      'first of these that works',
  ),
  'storage-opt': ignored('each'),
  'cgroup-manager': ignored('each'),
  config: ignored('each'),
  conmon: ignored('each'),
  debug: ignored('toggle'),
  'events-backend': ignored('each'),
  'hooks-dir': ignored('each'),
  'network-cmd-path': ignored('each'),
  'network-config-dir': ignored('each'),
  runtime: ignored('each'),
  'runtime-flag': ignored('each'),
  syslog: ignored('toggle'),
  tmpdir: ignored('each'),
  'transient-store': ignored('toggle'),
  noout: foreign('toggle', NO_OUT),
  out: foreign('each', NO_OUT),
  imagestore: foreign('each', NO_PLACES),
  volumepath: foreign('each', NO_PLACES),
  remote: { ...foreign('toggle', NO_REMOTE), short: 'r' },
  connection: { ...foreign('each', NO_REMOTE), short: 'c' },
  host: { ...foreign('each', NO_REMOTE), short: 'H' },
  ssh: foreign('each', NO_REMOTE),
  url: foreign('each', NO_REMOTE),
  identity: foreign('each', NO_REMOTE),
} as const;

/** The values of the global flags. */
export type GlobalValues = FlagValues<typeof GLOBAL_FLAGS>;
