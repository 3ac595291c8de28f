/** Sends a body with range support, whole or as a fault wants it. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Fault } from './registry-faults.ts';

interface Answer {
  readonly body: Buffer;
  readonly headers: OutgoingHttpHeaders;
}

interface Sending {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: Fault | undefined;
}

/** The body, or the range of it that was asked for, is on its way. */
export function sendBody(sending: Sending, answer: Answer): void {
  const { request, response, fault } = sending;
  const start = fault?.kind === 'no-range' ? 0 : rangeStart(request, answer);
  if (start >= answer.body.length && start > 0) {
    response.writeHead(416, { 'content-range': `bytes */${answer.body.length}` }).end();
    return;
  }
  const body = answer.body.subarray(start);
  const named = fault?.kind === 'wrong-range' ? start + 1 : start;
  const range = {
    'content-range': `bytes ${named}-${answer.body.length - 1}/${answer.body.length}`,
  };
  const length = fault?.kind === 'short' ? {} : { 'content-length': body.length };
  response.writeHead(start === 0 ? 200 : 206, {
    ...answer.headers,
    ...length,
    ...(start === 0 ? {} : range),
  });
  if (request.method === 'HEAD') response.end();
  else sendFaulty(response, { body, fault });
}

function rangeStart(request: IncomingMessage, answer: Answer): number {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  if (range === null || (condition !== undefined && condition !== answer.headers['etag'])) return 0;
  return Number(range[1]);
}

function sendFaulty(
  response: ServerResponse,
  { body, fault }: { body: Buffer; fault: Fault | undefined },
): void {
  if (fault?.kind === 'cut') {
    response.write(body.subarray(0, fault.afterBytes), () => {
      response.socket?.destroySoon();
    });
  } else if (fault?.kind === 'stall') {
    response.write(body.subarray(0, fault.afterBytes));
  } else if (fault?.kind === 'short') {
    response.end(body.subarray(0, fault.bytes));
  } else if (fault?.kind === 'corrupt') {
    response.end(Buffer.from(body.map((byte) => byte ^ 0xff)));
  } else if (fault?.kind === 'slow') {
    sendSlowly(response, { body, fault });
  } else {
    response.end(body);
  }
}

function sendSlowly(
  response: ServerResponse,
  { body, fault }: { body: Buffer; fault: Fault & { kind: 'slow' } },
): void {
  let sent = 0;
  const step = (): void => {
    if (response.destroyed) return;
    response.write(body.subarray(sent, sent + fault.pieceBytes));
    sent += fault.pieceBytes;
    if (sent >= body.length) response.end();
    else setTimeout(step, fault.pauseMs);
  };
  step();
}
