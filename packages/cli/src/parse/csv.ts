/** One line of comma-separated values, where double quotes keep a comma inside a value. */
import { UsageError } from '@berth/errors';

/** The values of the line; `""` inside quotes is one quote. Throws UsageError for an open quote. */
export function splitCsv(line: string): string[] {
  if (!line.includes('"')) {
    return line.split(',');
  }
  const values: string[] = [];
  let value = '';
  let isQuoted = false;
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (character === '"' && isQuoted && line[index + 1] === '"') {
      value += '"';
      index++;
    } else if (character === '"') {
      isQuoted = !isQuoted;
    } else if (character === ',' && !isQuoted) {
      values.push(value);
      value = '';
    } else {
      value += character;
    }
  }
  if (isQuoted) {
    throw new UsageError('BAD_LIST', `read the list "${line}": a quote is left open`);
  }
  return [...values, value];
}
