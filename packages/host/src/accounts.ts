/**
 * Who the user is, read from the passwd file and the process: no NSS, because a static or
 * compiled program can't load its modules.
 */
import { userInfo } from 'node:os';
import { textIfThere } from './text-if-there.ts';

/** One line of passwd(5). */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
  /** The real name. */
  readonly gecos?: string;
}

const PASSWD = '/etc/passwd';
const NOT_KNOWN = 'unknown';

/**
 * The calling user. For accounts that only a directory service knows, the C library is asked. If
 * that knows none either, the name is the uid and the home is $HOME.
 */
export function currentAccount(): Account {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return findAccount(uid) ?? accountOfLibrary() ?? {
    name: String(uid),
    uid,
    gid,
    home: process.env['HOME'] ?? '/',
    shell: '/bin/sh',
  };
}

/** The account with this uid or this name in /etc/passwd, or undefined. */
export function findAccount(key: number | string): Account | undefined {
  return readAccounts().find(({ uid, name }) => key === uid || key === name);
}

/** The accounts of /etc/passwd. */
export function readAccounts(): Account[] {
  return parsePasswd(textIfThere(PASSWD));
}

/** The name of a group in /etc/group, or undefined. */
export function findGroupName(gid: number): string | undefined {
  const lines = textIfThere('/etc/group').split('\n').map((line) => line.split(':'));
  return lines.find(([, , id]) => id === String(gid))?.[0];
}

/** The complete lines of a passwd file; others are left out. */
export function parsePasswd(text: string): Account[] {
  const accounts: Account[] = [];
  for (const line of text.split('\n')) {
    const [name, , uid, gid, gecos = '', home, shell, ...rest] = line.split(':');
    if (name === undefined || name === '' || shell === undefined || rest.length > 0) continue;
    if (!/^\d{1,10}$/.test(uid ?? '') || !/^\d{1,10}$/.test(gid ?? '')) continue;
    accounts.push({ name, uid: Number(uid), gid: Number(gid), home: home ?? '/', shell, gecos });
  }
  return accounts;
}

function accountOfLibrary(): Account | undefined {
  try {
    const { username, uid, gid, homedir, shell } = userInfo();
    // Bun asks $USER and $SHELL, and says so where they are not set.
    if (username === NOT_KNOWN) return undefined;
    const isNamed = shell !== null && shell !== NOT_KNOWN;
    return { name: username, uid, gid, home: homedir, shell: isNamed ? shell : '/bin/sh' };
  } catch {
    // libuv throws if getpwuid knows no such user; that is a valid result.
    return undefined;
  }
}
