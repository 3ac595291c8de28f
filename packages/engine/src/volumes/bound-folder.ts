/** Volumes that stand for a folder of the machine: `-o type=none -o o=bind -o device=FOLDER`. */
import type { Engine } from '../engine.ts';

/** The folder, or undefined where the options say something else. */
export function boundFolder(options: Readonly<Record<string, string>>): string | undefined {
  const { type = 'none', o = '', device = '', ...others } = options;
  const isBind = ['none', 'bind', ''].includes(type) && ['bind', 'rbind'].includes(o);
  return isBind && device.startsWith('/') && Object.keys(others).length === 0 ? device : undefined;
}

/** The folder that a volume of the store, or one that is yet to be made, stands for. */
export function boundFolderOf({ store }: Engine, name: string): string | undefined {
  return boundFolder(store.volumes.find(name)?.options ?? {});
}
