/**
 * Turns the mount options of an OCI runtime spec into the numbers and the data string that
 * mount(2) takes. The option names are those of the runtime spec's "Linux mount options".
 */

const FLAGS: Record<string, number> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  remount: 32,
  mand: 64,
  dirsync: 128,
  nosymfollow: 256,
  noatime: 1024,
  nodiratime: 2048,
  bind: 4096,
  rbind: 4096 | 16384,
  relatime: 1 << 21,
  strictatime: 1 << 24,
};

const CLEARS: Record<string, number> = {
  rw: 1,
  suid: 2,
  dev: 4,
  exec: 8,
  async: 16,
  atime: 1024,
  diratime: 2048,
};

const PROPAGATION: Record<string, number> = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  runbindable: (1 << 17) | 16384,
  rprivate: (1 << 18) | 16384,
  rslave: (1 << 19) | 16384,
  rshared: (1 << 20) | 16384,
};

/** Mount options in the form that the kernel takes. */
export interface MountNumbers {
  flags: number;
  propagation: number;
  /** The options for the file system itself, separated by commas. */
  data: string;
}

/** The numbers for these options; later options win over earlier ones. */
export function mountNumbers(options: readonly string[]): MountNumbers {
  const numbers: MountNumbers = { flags: 0, propagation: 0, data: '' };
  const data: string[] = [];
  for (const option of options) {
    const set = FLAGS[option];
    const clear = CLEARS[option];
    const propagation = PROPAGATION[option];
    if (set !== undefined) {
      numbers.flags |= set;
    } else if (clear !== undefined) {
      numbers.flags &= ~clear;
    } else if (propagation !== undefined) {
      numbers.propagation = propagation;
    } else if (option !== 'defaults') {
      data.push(option);
    }
  }
  numbers.data = data.join(',');
  return numbers;
}
