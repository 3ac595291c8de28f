/** `--detach-keys`, checked before anything is made: the native client reads it much later. */
import { loadContainersConfig } from '@berth/engine/containers/configuration';
import { UsageError } from '@berth/errors';

const KEY = /^(?:[\x21-\x7e]|ctrl-[A-Za-z@^[\]\\_])$/;
const MOST_KEYS = 16;

/** The typed keys, else those of containers.conf. Throws UsageError for invalid keys. */
export function chooseDetachKeys(typed: string | undefined): string | undefined {
  return parseDetachKeys(typed ?? loadContainersConfig()?.engine.detach_keys);
}

/** The keys as typed; an empty text disables detaching. Throws UsageError for invalid keys. */
export function parseDetachKeys(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return text;
  const keys = text.split(',');
  const odd = keys.find((key) => !KEY.test(key));
  if (odd !== undefined || keys.length > MOST_KEYS) {
    throw new UsageError('BAD_DETACH_KEYS', `read --detach-keys "${text}": not such keys`, {
      hint: 'write them as ctrl-p,ctrl-q: single characters, or ctrl- and one of a-z @ ^ [ ] \\ _',
    });
  }
  return text;
}
