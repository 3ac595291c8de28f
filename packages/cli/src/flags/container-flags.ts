/** The flags that `run` and `create` share: what kind of container is made. */
import { decimal, each, ignored, listed, text, toggle, whole } from './flag.ts';
import { PULL_FLAGS } from './pull-flags.ts';
import { REFUSED_CONTAINER_FLAGS } from './refused-container-flags.ts';

const IDENTITY_FLAGS = {
  annotation: each('NAME=VALUE', 'add an annotation'),
  cidfile: text('PATH', "write the container's id to PATH, which must not exist"),
  label: each('NAME=VALUE', 'set metadata', { short: 'l' }),
  'label-file': listed('PATH', 'read labels from PATH, one per line'),
  name: text('NAME', 'the name of the container'),
  'conmon-pidfile': text('PATH', "write the pid of the container's supervisor to PATH"),
  pidfile: text('PATH', "write the pid of the container's first process to PATH"),
  pull: text('POLICY', 'pull the image: always, missing (the default), never or newer'),
  replace: toggle('remove a container that already has this name'),
  rm: toggle('remove the container when it ends'),
  rootfs: toggle('the image argument is a folder; with FOLDER:O it stays unchanged'),
} as const;

const PROCESS_FLAGS = {
  entrypoint: text(
    'COMMAND',
    'replace the image\'s entrypoint; "" clears it, a JSON array is several words',
  ),
  env: each('NAME[=VALUE]', 'set a variable; without a value, pass on your own', {
    short: 'e',
  }),
  'env-file': listed('PATH', 'read variables from PATH, one NAME=VALUE per line'),
  'env-merge': each('NAME=VALUE', "set a variable from the image's, e.g. PATH=${PATH}:/opt/bin"),
  'env-host': toggle('pass on all of your environment'),
  'http-proxy': toggle('pass on your proxy variables', { initial: true }),
  unsetenv: each('NAME', 'remove a variable that the image sets'),
  'unsetenv-all': toggle('remove all variables that the image sets'),
  'group-entry': text('LINE', 'the line of /etc/group: $GROUPNAME, $GID, $USERLIST'),
  hostuser: listed('USER', 'a user of this machine, name or uid, for /etc/passwd'),
  passwd: toggle('add unknown users to /etc/passwd and /etc/group', { initial: true }),
  'passwd-entry': text('LINE', 'the line of /etc/passwd: $USERNAME, $UID, $GID, $NAME, $HOME'),
  'group-add': listed('GROUP', 'add a supplementary group, or keep-groups'),
  init: toggle('run a small init that reaps zombies and passes signals on'),
  interactive: toggle('keep standard input open', { short: 'i' }),
  'oom-score-adj': whole('N', 'how early the kernel kills it when memory is short'),
  personality: text('DOMAIN', 'which machine uname shows: LINUX, or LINUX32 for a 32-bit one'),
  'preserve-fd': listed('NUMBER', 'pass this descriptor to the container'),
  'preserve-fds': whole('N', 'pass descriptors 3 to N+2 to the container'),
  sdnotify: text('WHO', 'who says that a unit of systemd is ready: container, conmon or ignore'),
  'stop-signal': text('SIGNAL', 'the signal that stops the container'),
  'stop-timeout': whole('SECONDS', 'how long stop waits before it kills the container (10)'),
  timeout: whole('SECONDS', 'kill the container after this many seconds; its status is 255'),
  tty: toggle('give the container a terminal', { short: 't' }),
  tz: text('ZONE', 'time zone, e.g. Europe/Berlin, or local'),
  umask: text('MODE', 'umask of the process, octal (0022)'),
  user: text('USER[:GROUP]', 'run as this user, name or number', { short: 'u' }),
  workdir: text('PATH', 'working directory', { short: 'w' }),
} as const;

const FILE_FLAGS = {
  device: listed('HOST[:CONTAINER][:rwm]', 'give a device of the host'),
  'image-volume': text('MODE', "the image's volumes: anonymous (the default), tmpfs or ignore"),
  mount: each('type=TYPE,…', 'mount a bind, image, tmpfs or volume'),
  'read-only': toggle('make the root file system read-only'),
  'read-only-tmpfs': toggle('with --read-only, keep /tmp, /run and /var/tmp writable', {
    initial: true,
  }),
  'shm-size': text('SIZE', 'size of /dev/shm (64m)'),
  tmpfs: each('PATH[:OPTIONS]', 'mount an empty file system in memory'),
  volume: each('[SOURCE:]PATH[:OPTIONS]', 'mount a folder or a volume', { short: 'v' }),
  'volumes-from': each('CONTAINER[:ro]', 'mount what another container mounts'),
} as const;

const NETWORK_FLAGS = {
  'add-host': listed('NAME:ADDRESS', 'add a line to /etc/hosts; ADDRESS may be host-gateway'),
  dns: listed('ADDRESS', 'use this name server'),
  'dns-option': listed('OPTION', 'an option for /etc/resolv.conf', { aliases: ['dns-opt'] }),
  'dns-search': listed('DOMAIN', 'a search domain'),
  expose: listed('PORT[/PROTOCOL]', 'a port that --publish-all publishes'),
  hostname: text('NAME', 'the host name inside', { short: 'h' }),
  'hosts-file': text('PATH', 'begin /etc/hosts with this file, not the machine\'s; or "none"'),
  network: text('MODE', 'none, host, pasta, slirp4netns, container:NAME or ns:PATH', {
    aliases: ['net'],
  }),
  'no-hostname': toggle('do not write /etc/hostname'),
  'no-hosts': toggle('do not write /etc/hosts'),
  publish: listed('[ADDRESS:][PORT:]PORT[/PROTOCOL]', 'publish a port on the host', { short: 'p' }),
  'publish-all': toggle('publish all exposed ports on free ports of the host', { short: 'P' }),
} as const;

const ISOLATION_FLAGS = {
  'cap-add': listed('CAPABILITY', 'give a capability, or ALL'),
  'cap-drop': listed('CAPABILITY', 'take a capability away, or ALL'),
  cgroupns: text('MODE', 'cgroup namespace: private or host'),
  cgroups: text('MODE', 'enabled or no-conmon: its own cgroup; disabled or split: the caller\'s'),
  ipc: text('MODE', 'ipc namespace: private, shareable, host, none, container:NAME'),
  pid: text('MODE', 'pid namespace: private, host or container:NAME'),
  privileged: toggle('give all capabilities and lift the restrictions'),
  'security-opt': each('OPTION', 'seccomp=, no-new-privileges, mask=, unmask=, proc-opts='),
  sysctl: each('NAME=VALUE', 'set a kernel parameter of a namespace'),
  ulimit: listed(
    'NAME=SOFT[:HARD]',
    'set a limit of the process; "host" keeps your own limits',
  ),
  uts: text('MODE', 'uts namespace: private, host or container:NAME'),
  gidmap: listed('MAP', 'map group ids: CONTAINER:FROM[:COUNT]'),
  subgidname: text('USER', 'the subordinate group ids of USER, who must be you'),
  subuidname: text('USER', 'the subordinate user ids of USER, who must be you'),
  uidmap: listed('MAP', 'map user ids: CONTAINER:FROM[:COUNT]'),
  userns: text('MODE', 'which ids the container has: host, keep-id, auto, nomap, container:NAME'),
} as const;

const LIMIT_FLAGS = {
  'blkio-weight': whole('N', 'share of disk input and output, 10 to 1000'),
  'blkio-weight-device': listed('PATH:N', 'the same, for one block device'),
  'cgroup-parent': text('PARENT', 'a slice of systemd, or a folder below /sys/fs/cgroup'),
  'cpu-period': whole('MICROSECONDS', 'period of --cpu-quota'),
  'cpu-quota': whole('MICROSECONDS', 'processor time per period'),
  'cpu-shares': whole('N', 'weight among containers that compete (1024)', { short: 'c' }),
  cpus: decimal('N', 'how many processors, e.g. 1.5'),
  'cpuset-cpus': text('LIST', 'use only these processors, e.g. 0-3,6'),
  'cpuset-mems': text('LIST', 'use only these memory nodes, e.g. 0-1'),
  'device-read-bps': listed('PATH:SIZE', 'bytes a second read from a block device, e.g. 1mb'),
  'device-read-iops': listed('PATH:N', 'reads a second from a block device'),
  'device-write-bps': listed('PATH:SIZE', 'bytes a second written to a block device'),
  'device-write-iops': listed('PATH:N', 'writes a second to a block device'),
  memory: text('SIZE', 'memory limit, e.g. 512m', { short: 'm' }),
  'memory-reservation': text('SIZE', 'soft memory limit'),
  'memory-swap': text('SIZE', 'limit of memory and swap together (twice --memory); -1: no limit'),
  'memory-swappiness': whole('N', 'only -1, the default', { hidden: true }),
  'pids-limit': whole('N', 'how many processes and threads; -1: no limit'),
} as const;

const LOG_FLAGS = {
  'log-driver': text('DRIVER', 'k8s-file (the default), json-file, none or passthrough'),
  'log-opt': listed('NAME=VALUE', 'max-size=SIZE, max-file=N, path=PATH, tag=TEXT'),
} as const;

const IGNORED_FLAGS = {
  'init-path': ignored('each'),
  'seccomp-policy': text('POLICY', 'only "default"', { hidden: true }),
  'no-healthcheck': ignored('toggle'),
  'rdt-class': ignored('each'),
  restart: text('POLICY', 'only "no"', { hidden: true }),
  systemd: text('MODE', 'anything but "always"', { hidden: true }),
} as const;

/** The flags of `create`; `run` has a few more. */
export const CONTAINER_FLAGS = {
  ...REFUSED_CONTAINER_FLAGS,
  ...IGNORED_FLAGS,
  ...PULL_FLAGS,
  ...IDENTITY_FLAGS,
  ...PROCESS_FLAGS,
  ...FILE_FLAGS,
  ...NETWORK_FLAGS,
  ...ISOLATION_FLAGS,
  ...LIMIT_FLAGS,
  ...LOG_FLAGS,
} as const;
