/** Prints the file capabilities of paths, or with --owner who they belong to, as seen here. */
import { lstatSync } from 'node:fs';
import { getExtendedAttributes } from '@berth/host';

const [first, ...rest] = process.argv.slice(2);

const found = first === '--owner' ? rest.map(owner) : [first ?? '', ...rest].map(read);
console.log(JSON.stringify(found));

function read(path: string): string | undefined {
  const found = getExtendedAttributes(path).find(({ name }) => name === 'security.capability');
  return found?.value.toString('hex');
}

function owner(path: string): string {
  const { uid, gid, mode } = lstatSync(path);
  return `${uid}:${gid}:${(mode & 0o7777).toString(8)}`;
}
