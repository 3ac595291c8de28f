/**
 * What the command line needs before it knows which command runs: the engine's context and the
 * types of its surface. Operations are imported from their own modules.
 */
export { openEngine, type Engine, type EngineOptions } from './engine.ts';
export type { Filter } from './filter.ts';
export { parseTime } from './filter.ts';
export type { ContainerState } from './lifecycle.ts';
export type { ProgressEvent, Report } from './progress.ts';
export type * from '@berth/bundle';
