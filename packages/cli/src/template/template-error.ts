/** Errors of templates, with the place where they are. */
import { UsageError } from '@berth/errors';

const EXCERPT = 24;
const HINT = "a template looks like '{{.ID}} {{.Names}}'; json is a format too";

/** An error at an offset of the template. */
export function templateError(template: string, at: number, reason: string): UsageError {
  const excerpt = template.slice(at, at + EXCERPT);
  const message = `read template "${template}": at "${excerpt}": ${reason}`;
  return new UsageError('BAD_TEMPLATE', message, { hint: HINT });
}

/** An error while a template is filled in. */
export function fillError(reason: string): UsageError {
  return new UsageError('BAD_TEMPLATE', `fill in template: ${reason}`, { hint: HINT });
}
