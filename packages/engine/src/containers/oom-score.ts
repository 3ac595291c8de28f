/**
 * The value of --oom-score-adj: only the administrator lowers it (proc_pid_oom_score_adj(5)), so a
 * lower one becomes the caller's own, with a warning, as in Podman.
 */
import { readFileSync } from 'node:fs';
import type { ContainerRequest } from '@berth/bundle';
import type { Engine } from '../engine.ts';

const OWN = '/proc/self/oom_score_adj';

/** The request, with a value that the kernel takes from the container's start. */
export function withOomScore(engine: Engine, request: ContainerRequest): ContainerRequest {
  const wanted = request.oomScoreAdjust;
  if (wanted === undefined) return request;
  const own = Number(readFileSync(OWN, 'utf8'));
  if (wanted >= own) return request;
  engine.report({
    kind: 'warning',
    message: `oom score ${wanted} is below that of this command, and users can't lower it: ` +
      `${own} is set`,
  });
  return { ...request, oomScoreAdjust: own };
}
