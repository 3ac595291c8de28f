/** Canonical paths below a tree's root: byte strings without links, `.` or `..`; '' is the root. */
import { pathArgument } from './tar-entry.ts';

/** A path below the root as a system call takes it. */
export function treePath(path: string): string | Uint8Array {
  return path === '' ? '.' : pathArgument(path);
}

/** A path below the root as node:fs takes it. */
export function nodePath(path: string): string | Buffer {
  const argument = treePath(path);
  return typeof argument === 'string' ? argument : Buffer.from(argument);
}

/** `directory/name`. */
export function below(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** The directory and the last name of a path. The root is its own parent. */
export function splitPath(path: string): [directory: string, name: string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}
