/** `port`: how a container's ports are reached from the host. */
import type { Engine } from '../engine.ts';
import { portMappings, type PortMapping } from './published-ports.ts';
import type { BerthContainer } from './record.ts';

/** The published ports; ranges stay together. */
export function containerPorts(engine: Engine, name: string): PortMapping[] {
  const id = engine.store.containers.resolve(name);
  return portMappings(engine.store.containers.record<BerthContainer>(id).ports);
}
