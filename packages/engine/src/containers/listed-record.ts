/** The record of a container for lists and filters, which go on if the record is damaged. */
import { IntegrityError, NotFoundError } from '@berth/errors';
import type { Engine } from '../engine.ts';
import type { BerthContainer } from './record.ts';

/** Undefined when the record is damaged or missing. */
export function readableRecord(engine: Engine, id: string): BerthContainer | undefined {
  try {
    return engine.store.containers.record<BerthContainer>(id);
  } catch (error) {
    const isLost = error instanceof IntegrityError || error instanceof NotFoundError;
    if (isLost) return undefined;
    throw error;
  }
}

/** The record; for a damaged one, an empty record that no filter matches. */
export function listedRecord(engine: Engine, id: string): BerthContainer {
  return readableRecord(engine, id) ?? (UNKNOWN as unknown as BerthContainer);
}

const UNKNOWN = {
  imageId: '',
  imageName: '',
  command: [],
  ports: [],
  exposedPorts: [],
  labels: {},
  layers: [],
  volumes: [],
  joins: {},
  network: '',
  request: { mounts: [], remove: false, network: {} },
};
