/** Flags that list and inspect commands share, and how filters are read. */
import type { Filter } from '@berth/engine';
import { UsageError } from '@berth/errors';
import { each, listed, text, toggle } from './flag.ts';

/** `--filter` of commands that list or select. */
export const filterFlag = listed(
  'KEY=VALUE',
  'only those that match, e.g. label=KEY=VALUE; repeatable',
  {
    short: 'f',
  },
);

/** `--filter` of commands that prune, whose `-f` is `--force`; labels may have commas. */
export const longFilterFlag = each(
  'KEY=VALUE',
  'only those that match, e.g. until=24h; repeatable',
);

/** `--format` of inspect commands. */
export const formatFlag = text('FORMAT', 'json, or a Go template such as "{{.ID}}"', {
  short: 'f',
});

/** `--format` of commands whose `-f` is `--filter`. */
export const longFormatFlag = text('FORMAT', 'json, table …, or a Go template such as "{{.ID}}"');

/** `--noheading` of list commands. */
export const headingFlag = toggle('do not print the line of titles', { short: 'n' });

/** `KEY=VALUE` or `KEY!=VALUE`. Throws UsageError for other text. */
export function parseFilters(texts: readonly string[]): Filter[] {
  return texts.map((text) => {
    const equals = text.indexOf('=');
    if (equals < 1) {
      throw new UsageError('BAD_FILTER', `read --filter "${text}": not KEY=VALUE`);
    }
    const negate = text[equals - 1] === '!';
    const key = text.slice(0, negate ? equals - 1 : equals).toLowerCase();
    return { key, value: text.slice(equals + 1), negate };
  });
}
