/** Reads a file while another process writes it. */
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const READ_BYTES = 1 << 18;

/** At its end the file is looked at again so often. */
const LOOK_AGAIN_MS = 10;

/** The bytes of the file until `written` resolves. Throws what `written` throws. */
export async function* followFile(
  path: string,
  written: Promise<void>,
): AsyncGenerator<Buffer, void, undefined> {
  let isWhole = false;
  const end = written.finally(() => {
    isWhole = true;
  });
  // Thrown below, at the end of what could be read.
  end.catch(() => undefined);
  const file = await open(path);
  try {
    for (;;) {
      // Asked before the reading: what was written last must not be missed.
      const wasWhole = isWhole;
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES);
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      else if (wasWhole) return await end;
      else await sleep(LOOK_AGAIN_MS);
    }
  } finally {
    await file.close();
  }
}
