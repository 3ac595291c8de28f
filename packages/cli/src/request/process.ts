/** What the first process of a container gets, and where its files are if there is no image. */
import type { ContainerRequest } from '@berth/engine';
import { UsageError } from '@berth/errors';
import { absolutePath } from '../current-folder.ts';

/**
 * The entrypoint: the words of a JSON array, or one word for other text; an empty text clears it.
 * Throws UsageError.
 */
export function parseEntrypoint(text: string | undefined): string[] | undefined {
  if (text === undefined || text === '') {
    return text === undefined ? undefined : [];
  }
  if (!text.startsWith('[')) {
    return [text];
  }
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) {
      return words;
    }
  } catch {
    return [text];
  }
  throw new UsageError('BAD_ENTRYPOINT', `read --entrypoint "${text}": not an array of texts`);
}

/** The umask as typed. Throws UsageError when it is no octal mode. */
export function parseUmask(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[0-7]{1,4}$/.test(text)) {
    throw new UsageError('BAD_UMASK', `read --umask "${text}": not an octal mode`);
  }
  return text;
}

/** The runtime specification has two personalities. Throws UsageError for others. */
export function parsePersonality(text: string | undefined): ContainerRequest['personality'] {
  const domain = text?.toUpperCase().replace(/^PER_/, '') ?? '';
  if (domain === '') return undefined;
  if (domain === 'LINUX' || domain === 'LINUX32') return domain;
  throw new UsageError('BAD_PERSONALITY', `read --personality "${text}": no such domain`, {
    hint: 'use LINUX or LINUX32, those of the runtime specification',
  });
}

const WORST_OOM_SCORE = 1000;

/** The value. Throws UsageError for one that the kernel does not accept. */
export function parseOomScore(value: number | undefined): number | undefined {
  if (value !== undefined && Math.abs(value) > WORST_OOM_SCORE) {
    throw new UsageError(
      'BAD_OOM_SCORE',
      `read --oom-score-adj "${value}": not between -1000 and 1000`,
    );
  }
  return value;
}

const MOST_SECONDS = 0xffff_ffff;

/** The seconds until a container is killed. Throws UsageError for what no one can wait for. */
export function parseTimeLimit(seconds: number | undefined): number | undefined {
  if (seconds !== undefined && (seconds < 0 || seconds > MOST_SECONDS)) {
    throw new UsageError(
      'BAD_TIMEOUT',
      `read --timeout "${seconds}": not between 0 and ${MOST_SECONDS}`,
    );
  }
  return seconds;
}

/** As native/src/users.h has it. */
const MOST_GROUPS = 1024;

/** The groups. Throws UsageError for more than a plan can have. */
export function checkedGroups(groups: string[]): string[] {
  if (groups.length <= MOST_GROUPS) return groups;
  throw new UsageError('TOO_MANY_GROUPS', `read --group-add: more than ${MOST_GROUPS} groups`);
}

/** `FOLDER` or `FOLDER:O`. Throws UsageError. */
export function parseRootFolder(text: string): ContainerRequest['rootFolder'] {
  const keepsChangesApart = text.endsWith(':O');
  const path = keepsChangesApart ? text.slice(0, -2) : text;
  if (path === '') throw new UsageError('NO_ROOTFS', 'read --rootfs: no folder is named');
  return { path: absolutePath(path), keepsChangesApart };
}

const NOTIFIERS = ['container', 'conmon', 'ignore'] as const;

/** Throws UsageError when there is no such mode. */
export function parseSdNotify(text: string | undefined): (typeof NOTIFIERS)[number] | undefined {
  const mode = NOTIFIERS.find((known) => known === text);
  if (mode !== undefined || text === undefined) return mode;
  throw new UsageError('BAD_SDNOTIFY', `read --sdnotify "${text}": no such mode`, {
    hint: `use one of ${NOTIFIERS.join(', ')}`,
  });
}
