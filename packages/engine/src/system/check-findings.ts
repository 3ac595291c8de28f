/** Findings of `system check`, and those about the trees of layers. */
import type { StoreFinding } from '@berth/storage';
import type { LayerDamage } from './check-layers.ts';
import type { CheckFinding } from './check-report.ts';

/** The problem of a name that a layer's tree has in addition: nothing is lost with it. */
export const ADDITIONAL = 'is not in the layer';

const MORE = 'more files differ';

/** A finding that nothing was done about yet. */
export function newFinding(finding: StoreFinding, path?: string): CheckFinding {
  return { ...finding, path, action: undefined, repaired: false };
}

/** What differs between a layer and its recipe. */
export function layerFindings(damage: LayerDamage): CheckFinding[] {
  const { diffId, differences, more, recipeProblem } = damage;
  const base = { kind: 'layer', object: diffId, state: 'damaged' } as const;
  return [
    ...differences.map(({ path, problem }) => newFinding({ ...base, problem }, path)),
    ...(more > 0 ? [newFinding({ ...base, problem: `${more} ${MORE}` })] : []),
    ...(recipeProblem === undefined ? [] : [newFinding({ ...base, problem: recipeProblem })]),
  ];
}

/** True for what a look at a layer's tree alone has found. */
export function isAboutTree({ path, problem }: CheckFinding): boolean {
  return path !== undefined || problem.endsWith(MORE);
}

/** The same for two findings of the same fault. */
export function keyOf({ kind, object, path, problem }: CheckFinding): string {
  return [kind, object, path ?? '', problem].join('\0');
}
