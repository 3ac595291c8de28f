/**
 * The faults of a scripted registry: each matching request gets one fault in place of a good
 * answer.
 */

/** One way to misbehave. */
export type Fault =
  /** Answers with this status, and a registry's JSON error. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  /** Says how long the body is, sends part of it and drops the connection. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Sends part of the body and then nothing, keeping the connection. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Drops the connection before answering. */
  | { readonly kind: 'drop' }
  /** Sends the body in pieces with a pause between them. */
  | { readonly kind: 'slow'; readonly pieceBytes: number; readonly pauseMs: number }
  /** Sends other bytes of the same length. */
  | { readonly kind: 'corrupt' }
  /** Sends this in place of the body, with its own length. */
  | {
      readonly kind: 'replace';
      readonly body: Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Answers a range request with the whole body. */
  | { readonly kind: 'no-range' }
  /** Answers a range request with another range than asked. */
  | { readonly kind: 'wrong-range' }
  /** Sends no content-length, and ends (without error) after part of the body. */
  | { readonly kind: 'short'; readonly bytes: number };

/** Which requests a fault meets. */
export interface FaultRule {
  /** Matched against `METHOD /path?query`. */
  readonly match: RegExp;
  /** How many requests; default: all. */
  readonly times?: number | undefined;
  readonly fault: Fault;
}

/** The rules still to come, in order; a used-up rule is gone. */
export class FaultScript {
  readonly #rules: { rule: FaultRule; left: number }[] = [];

  /** `rule` meets the next requests that it matches and no earlier rule did. */
  add(rule: FaultRule): void {
    this.#rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
  }

  /** The fault for a request, which uses it up once. */
  take(line: string): Fault | undefined {
    const found = this.#rules.find((entry) => entry.left > 0 && entry.rule.match.test(line));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.rule.fault;
  }

  clear(): void {
    this.#rules.length = 0;
  }
}
