/**
 * The commands that are stopped in the middle: what is there before, how they are called, and
 * what must work afterwards, whatever was left.
 */
import { CONTAINER_SCENARIOS } from './container-scenarios.ts';
import type { Scenarios } from './ground.ts';
import { IMAGE_SCENARIOS } from './image-scenarios.ts';
import { STORE_SCENARIOS } from './store-scenarios.ts';

/** By name, in the order in which they are run. */
export const SCENARIOS: Scenarios = {
  ...IMAGE_SCENARIOS, ...CONTAINER_SCENARIOS, ...STORE_SCENARIOS,
};
