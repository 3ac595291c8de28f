/**
 * Hashes a large layer on a thread of its own, because users wait for the unpacking, and hashing
 * blob and archive was a fifth of its time.
 *
 * Theory of operation. Bytes are copied into the slots of a queue in shared memory, which has 4
 * MiB whatever the layer's size. When all slots are full for the first time, a thread starts that
 * empties them. A small layer never fills them, and is hashed here at the end. The program of the
 * thread is the text of one function and not a file, because this process may have changed its
 * root.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Lane, LayerDigests, LayerHashes } from './layer-hashes.ts';

/** Shared by the two threads. */
interface Queue {
  /** How many slots were filled so far, and how many emptied. */
  readonly counts: Int32Array;
  /** Of each slot: the number of its lane, -1 for the end, and how many bytes it holds. */
  readonly heads: Int32Array;
  readonly bytes: Uint8Array;
}

const LANES: readonly Lane[] = ['blob', 'archive'];
const END = -1;
const SLOTS = 16;
const SLOT_BYTES = 1 << 18;
const [FILLED, EMPTIED] = [0, 1];

/** One layer's digests. The process does not end until this is closed. */
export class HashThread implements LayerHashes {
  readonly #queue: Queue = {
    counts: new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)),
    heads: new Int32Array(new SharedArrayBuffer(2 * SLOTS * Int32Array.BYTES_PER_ELEMENT)),
    bytes: new Uint8Array(new SharedArrayBuffer(SLOTS * SLOT_BYTES)),
  };
  #thread: Emptier | undefined;
  #filled = 0;
  #hasEnded = false;

  async update(lane: Lane, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += SLOT_BYTES) {
      await this.#put(LANES.indexOf(lane), bytes.subarray(at, at + SLOT_BYTES));
    }
  }

  async digests(): Promise<LayerDigests> {
    await this.#put(END, new Uint8Array());
    const [digests] =
      this.#thread === undefined ? [hashQueue(this.#queue, createHash)] : await this.#thread.answer;
    const [blob = '', archive = ''] = digests as string[];
    return { blob: Buffer.from(blob, 'hex'), archive: Buffer.from(archive, 'hex') };
  }

  /** A thread ends soon, if there is one. */
  async close(): Promise<void> {
    if (this.#thread !== undefined) await this.#put(END, new Uint8Array());
  }

  async #put(lane: number, bytes: Uint8Array): Promise<void> {
    while (this.#isFull()) await this.#awaitRoom();
    // From here on there must be no await, because both lanes are filled in turns. A reader of the
    // blob that continues after a failure would leave its bytes in the queue.
    if (this.#hasEnded) return;
    this.#hasEnded = lane === END;
    const slot = this.#filled % SLOTS;
    this.#queue.bytes.set(bytes, slot * SLOT_BYTES);
    this.#queue.heads.set([lane, bytes.length], 2 * slot);
    this.#filled += 1;
    Atomics.store(this.#queue.counts, FILLED, this.#filled);
    Atomics.notify(this.#queue.counts, FILLED);
  }

  #isFull(): boolean {
    return this.#filled - Atomics.load(this.#queue.counts, EMPTIED) === SLOTS;
  }

  /** A started thread does nothing that can fail, so waiting for it is safe. */
  async #awaitRoom(): Promise<void> {
    this.#thread ??= startThread(this.#queue);
    await this.#thread.started;
    if (this.#isFull()) Atomics.wait(this.#queue.counts, EMPTIED, this.#filled - SLOTS);
  }
}

/** A thread that empties a queue. */
interface Emptier {
  readonly started: Promise<unknown>;
  /** Its one message: what `hashQueue` answers. */
  readonly answer: Promise<unknown[]>;
}

function startThread(queue: Queue): Emptier {
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { createHash } = require('node:crypto');
    parentPort.postMessage((${hashQueue.toString()})(workerData, createHash));
  `;
  const thread = new Worker(program, { eval: true, workerData: queue, execArgv: [] });
  const answer = once(thread, 'message');
  // The failure is thrown where somebody waits for it.
  answer.catch(() => undefined);
  return { started: once(thread, 'online'), answer };
}

/**
 * Empties the queue until its end; returns the digests in the order of the lanes. Uses nothing but
 * its arguments, because a thread gets its source text.
 */
function hashQueue({ counts, heads, bytes }: Queue, makeHash: typeof createHash): string[] {
  const hashes = [makeHash('sha256'), makeHash('sha256')];
  const slotBytes = bytes.length / (heads.length / 2);
  for (let emptied = 0; ; emptied += 1) {
    // A wake-up proves nothing: it may be meant for the slot before.
    while (Atomics.load(counts, 0) === emptied) Atomics.wait(counts, 0, emptied);
    const slot = emptied % (heads.length / 2);
    const hash = hashes[heads[2 * slot] ?? -1];
    if (hash === undefined) break;
    const begin = slot * slotBytes;
    hash.update(bytes.subarray(begin, begin + (heads[2 * slot + 1] ?? 0)));
    Atomics.store(counts, 1, emptied + 1);
    Atomics.notify(counts, 1);
  }
  return hashes.map((hash) => hash.digest('hex'));
}
