/**
 * `system check`: compares everything in the store with everything that is known of it, and
 * repairs what it can with `--repair`.
 */
import type { LayerRecord, StoreFinding } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { keyOf, layerFindings, newFinding } from './check-findings.ts';
import { checkLayerTrees } from './check-layers.ts';
import type { CheckOptions, CheckReport } from './check-report.ts';

/** Checks the store. When repairs are asked for, they are done, and a second check proves them. */
export async function checkSystem(engine: Engine, options: CheckOptions): Promise<CheckReport> {
  const report = await check(engine, options);
  const isClean = report.findings.length === 0 && report.unused.layers + report.unused.blobs === 0;
  if (!options.repair || isClean) {
    return report;
  }
  const { repairAll } = await import('./repair.ts');
  const actions = await repairAll(engine, report.findings, options);
  const after = await check(engine, options);
  const known = new Set(report.findings.map(keyOf));
  const left = new Set(after.findings.map(keyOf));
  const repaired = report.findings.map((finding) => ({
    ...finding,
    action: actions.get(finding),
    repaired: !left.has(keyOf(finding)),
  }));
  // Only so many differences of a layer are listed; the repair of those shows the next.
  const next = after.findings.filter((one) => one.kind === 'layer' && !known.has(keyOf(one)));
  return { ...report, unused: after.unused, findings: [...repaired, ...next] };
}

async function check(engine: Engine, options: CheckOptions): Promise<CheckReport> {
  const { store } = engine;
  const { quick, unusedAgeMs } = options;
  const found = await store.check({ quick, unusedAgeMs });
  const records = readableLayers(engine);
  const damages = await checkLayerTrees(engine, records, { quick });
  const known = found.filter((one) => !isUnused(one)).map((finding) => newFinding(finding));
  return {
    findings: [...known, ...damages.flatMap(layerFindings)],
    unused: measureUnused(engine, found.filter(isUnused), records),
    checked: {
      images: store.images.ids().length,
      layers: records.length,
      layerBytes: sumOf(records.map(({ sizeBytes }) => sizeBytes)),
      layerFiles: sumOf(records.map(({ fileCount }) => fileCount)),
      containers: store.containers.ids().length,
      volumes: store.volumes.list().length,
    },
  };
}

/** A damaged record may say anything. */
function sumOf(numbers: readonly unknown[]): number {
  return numbers.reduce<number>((sum, number) =>
    (typeof number === 'number' ? sum + number : sum), 0);
}

/**
 * Unused layers and blobs come from removed images and stopped pulls; a `leftover` comes from a
 * killed command.
 */
function isUnused({ kind, state }: StoreFinding): boolean {
  return state === 'unused' && (kind === 'layer' || kind === 'blob');
}

function measureUnused(
  { store }: Engine,
  found: readonly StoreFinding[],
  records: readonly LayerRecord[],
): CheckReport['unused'] {
  const sizes = new Map(records.map(({ diffId, sizeBytes }) => [diffId, sizeBytes]));
  const sizeOf = ({ kind, object }: StoreFinding): number =>
    (kind === 'layer' ? sizes.get(object) : store.blobs.sizeBytes(object)) ?? 0;
  const layers = found.filter(({ kind }) => kind === 'layer').length;
  return {
    layers,
    blobs: found.length - layers,
    bytes: found.reduce((sum, finding) => sum + sizeOf(finding), 0),
  };
}

/** Layers whose records can be read; for the others there is a finding already. */
function readableLayers({ store }: Engine): LayerRecord[] {
  return store.layers.list().flatMap((diffId) => {
    const record = store.layers.readable(diffId);
    return record?.diffId === diffId ? [record] : [];
  });
}
