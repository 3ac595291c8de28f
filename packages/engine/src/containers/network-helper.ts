/** The helper that connects a container when it starts. */
import { chooseNetwork } from '@berth/network';
import type { BerthContainer } from './record.ts';

/** Program and arguments; undefined where the container needs none. */
export function networkHelperOf(record: BerthContainer): string[] | undefined {
  return chooseNetwork({
    kind: record.network,
    options: record.request.network.options,
    ports: record.ports,
    path: process.env['PATH'] ?? '',
  }).helper;
}
