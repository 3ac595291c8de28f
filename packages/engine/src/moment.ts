/**
 * Points in time as Podman shows them: RFC 3339 with as many digits as are known, also finer than
 * a Date can hold.
 */

const NEVER = '0001-01-01T00:00:00Z';
const NANOSECOND_DIGITS = 9;

/** A Date that json and templates show with nanoseconds. */
export class Moment extends Date {
  private readonly text: string;

  constructor(ms: number, text: string) {
    super(ms);
    this.text = text;
  }

  override toISOString(): string {
    return this.text;
  }

  override toJSON(): string {
    return this.text;
  }
}

/**
 * From `SECONDS.NANOSECONDS` since 1970, as in records. Undefined, and times that no calendar has
 * (from damaged records), give Go's zero time.
 */
export function momentOf(text: string | undefined): Moment {
  const isDate = text !== undefined && !Number.isNaN(new Date(Number(text) * 1000).getTime());
  if (!isDate) return new Moment(Date.parse(NEVER), NEVER);
  const [seconds = '0', fraction = ''] = text.split('.');
  const whole = new Date(Number(seconds) * 1000).toISOString().replace(/\.\d+Z$/, '');
  const digits = fraction.slice(0, NANOSECOND_DIGITS).replace(/0+$/, '');
  return new Moment(Number(text) * 1000, `${whole}${digits === '' ? '' : `.${digits}`}Z`);
}

/** A plain Date, for lists; a time that no calendar has gives Go's zero time. */
export function dateOfMs(ms: number): Date {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? new Date(NEVER) : date;
}

/** From milliseconds since 1970. */
export function momentOfMs(ms: number): Moment {
  return momentOf((ms / 1000).toFixed(3));
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Whether the text is a time of RFC 3339, and not Go's zero time, which stands for none. */
export function isMoment(text: string | undefined): text is string {
  return text !== undefined && text !== NEVER && RFC_3339.test(text)
    && !Number.isNaN(Date.parse(text));
}

/**
 * From RFC 3339, kept as written. Go's zero time for undefined, and for text of images that is no
 * time.
 */
export function momentOfText(text: string | undefined): Moment {
  const ms = text !== undefined && RFC_3339.test(text) ? Date.parse(text) : NaN;
  return text === undefined || Number.isNaN(ms) ? momentOf(undefined) : new Moment(ms, text);
}
