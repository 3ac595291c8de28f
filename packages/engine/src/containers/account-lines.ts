/**
 * Lines for the container's passwd and group, for users whom its image does not know: the caller
 * of keep-id, users of the machine (`--hostuser`), and a `--user` that is a number.
 */
import type { AccountsRequest } from '@berth/bundle';
import { NotFoundError } from '@berth/errors';
import { currentAccount, findAccount, findGroupName, type Account } from '@berth/host';
import type { RuntimeSpec } from '@berth/oci';
import type { BerthContainer } from './record.ts';

/** What the account lines depend on. */
export interface AccountWish {
  readonly request: AccountsRequest | undefined;
  /** With keep-id: the caller's account, and the caller's ids in the container as `UID:GID`. */
  readonly kept: { account: Account; ids: string } | undefined;
  /** The user that the container runs as. */
  readonly user: string;
  readonly spec: RuntimeSpec;
}

type Line = NonNullable<BerthContainer['accounts']>[number];

/** An account to write for the container. */
interface Entry {
  name: string;
  uid: number;
  gid: number;
  gecos: string;
  home: string;
  /** Undefined writes no line to the group file. */
  group: string | undefined;
  /** The members of the group. */
  members: string;
}

/**
 * The lines in the order in which they are written; the first line of an id counts. Throws
 * NotFoundError for an unknown user of the host.
 */
export function accountLines(wish: AccountWish): Line[] {
  const { request, kept, user, spec } = wish;
  if (request?.write === false) return [];
  const entries = [
    ...(kept === undefined ? [] : [callerEntry(kept, spec)]),
    ...(request?.hostUsers ?? []).map((name) => hostEntry(name, spec)),
    ...numericEntry(user, spec),
  ];
  return entries.flatMap((entry) => linesOf(entry, request));
}

/** The caller's account; its home is the container's working directory, as in Podman. */
function callerEntry({ account, ids }: NonNullable<AccountWish['kept']>, spec: RuntimeSpec): Entry {
  const [uid = 0, gid = 0] = ids.split(':').map(Number);
  const { name } = account;
  return { name, uid, gid, gecos: '', home: spec.process.cwd, group: name, members: '' };
}

/** An account of the host; its home is the host's where that folder is mounted. */
function hostEntry(key: string, { mounts, process }: RuntimeSpec): Entry {
  const account = findAccount(/^\d+$/.test(key) ? Number(key) : key) ?? ifOwn(key);
  if (account === undefined) {
    throw new NotFoundError('NO_SUCH_USER', `find user "${key}" of this machine: no such user`, {
      hint: 'getent passwd lists them',
    });
  }
  const { name, uid, gid, gecos = '', home } = account;
  const isThere = mounts.some(({ destination }) =>
    home === destination || home.startsWith(`${destination}/`));
  const group = findGroupName(gid) ?? name;
  return { name, uid, gid, gecos, home: isThere ? home : process.cwd, group, members: name };
}

/** The caller's own account. A directory service may know it while /etc/passwd does not. */
function ifOwn(key: string): Account | undefined {
  const own = currentAccount();
  return key === own.name || key === String(own.uid) ? own : undefined;
}

/** Only for a numeric user: a name must be in the image. */
function numericEntry(user: string, { process }: RuntimeSpec): Entry[] {
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(user) ?? [];
  if (uid === undefined) return [];
  return [{
    name: uid, uid: Number(uid), gid: Number(gid ?? 0), gecos: 'container user',
    home: process.cwd, group: gid, members: uid,
  }];
}

function linesOf(entry: Entry, request: AccountsRequest | undefined): Line[] {
  const { name, uid, gid, gecos, home, group, members } = entry;
  const passwd = fill(request?.passwdEntry ?? '$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh', {
    USERNAME: name, UID: String(uid), GID: String(gid), NAME: gecos, HOME: home,
  });
  const lines = [{ file: '/etc/passwd', id: uid, line: passwd }];
  if (group === undefined) return lines;
  const line = fill(request?.groupEntry ?? '$GROUPNAME:x:$GID:$USERLIST', {
    GROUPNAME: group, GID: String(gid), USERLIST: members,
  });
  return [...lines, { file: '/etc/group', id: gid, line }];
}

/** Fills in variables of the form that `values` names; anything else stays as it is. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$([A-Z]+)/g, (whole, name: string) => values[name] ?? whole);
}
