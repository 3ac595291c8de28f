/**
 * Makes a container from a request: image, volumes, ports and runtime spec are decided here, and
 * the store makes it appear at once. Nothing runs yet.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { compose, type ContainerRequest } from '@berth/bundle';
import { ConflictError, NotFoundError, SystemError } from '@berth/errors';
import { giveToCaller } from '@berth/host';
import type { RuntimeSpec } from '@berth/oci';
import { formatPlatform } from '@berth/oci';
import { chooseNetwork } from '@berth/network';
import { randomId, randomName, type ContainerPaths } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { namingFullDisk } from '../full-disk.ts';
import { findImage } from '../images/find.ts';
import { requireLayers, requireMountable, requirePresentIds } from '../images/mounted-layers.ts';
import type { FoundImage } from '../images/local.ts';
import type { PullOptions } from '../images/pull-options.ts';
import { filledVolumes } from '../volumes/volume-options.ts';
import { accountLines } from './account-lines.ts';
import { prepareForRoot } from './binds-of-root.ts';
import { decideIds } from './container-ids.ts';
import { copyLayers } from './copied-root.ts';
import { hostFacts } from './host-facts.ts';
import { mountedImages, withMountedImages } from './image-mounts.ts';
import { summaryOf } from './launch.ts';
import { joinedFiles, joinsOf } from './joined-namespaces.ts';
import { logOf } from './log-settings.ts';
import { withOomScore } from './oom-score.ts';
import type { BerthContainer } from './record.ts';
import { readableRecord } from './listed-record.ts';
import { removeById } from './remove.ts';
import { etcFiles } from './etc-files.ts';
import { accountsOf, imageOfFolder, requireSharedIds } from './root-folder.ts';
import { signalNumber } from './signals.ts';
import { dropVolumes, makeVolumes, planVolumes, withVolumesFrom } from './volumes.ts';
import { stateIfThere } from './wait.ts';
import { publishedPorts } from './wanted-ports.ts';

const DEFAULT_STOP_SIGNAL = 'SIGTERM';
const DEFAULT_STOP_TIMEOUT_SECONDS = 10;
const NAME_ATTEMPTS = 20;

/** A container that was just created and has never run. */
export interface CreatedContainer {
  id: string;
  record: BerthContainer;
  spec: RuntimeSpec;
  paths: ContainerPaths;
}

/** The container exists; answers its id. */
export async function createContainer(
  engine: Engine,
  request: ContainerRequest,
  pull: PullOptions,
): Promise<string> {
  return (await makeContainer(engine, request, pull)).id;
}

/** As createContainer(), but answers everything that was decided about the container. */
export async function makeContainer(
  engine: Engine,
  request: ContainerRequest,
  pull: PullOptions,
): Promise<CreatedContainer> {
  const { rootFolder } = request;
  requireNamespaces(engine);
  const image = rootFolder === undefined
    ? await findImage(engine, request.image, pull)
    : imageOfFolder(engine, rootFolder);
  if (rootFolder === undefined) requireLayers(image.name, image.config.diffIds);
  requireMountable(`create container from "${image.name}"`, image.config.diffIds);
  requirePresentIds(engine, image.config.diffIds);
  const whole = withOomScore(engine, await withMountedImages(engine, request, pull));
  const id = randomId();
  writeIdFile(request, id);
  try {
    return await decideInPlaceOfOthers(engine, { id, image, request: whole });
  } catch (error) {
    if (request.cidFile !== undefined) rmSync(request.cidFile, { force: true });
    throw namingFullDisk(engine, `create container from "${image.name}"`, error);
  }
}

/** Whoever can have no container is told so before an image is pulled for it. */
function requireNamespaces({ driver, idMaps }: Engine): void {
  if (driver.withoutNamespace !== true) return;
  throw idMaps.refusal ?? new SystemError('NO_USER_NAMESPACE',
    `create container: ${driver.reason ?? 'no user namespace can be made'}`, {
      hint: 'run: berth doctor',
    });
}

/**
 * Makes the container, and first removes containers that hold its name. With --replace any holder
 * is removed; another command may take the name again at once, so this is tried several times.
 * Without --replace a holder is removed only when it is a container with --rm that remained because
 * its supervisor was killed.
 */
async function decideInPlaceOfOthers(engine: Engine, wanted: Wanted): Promise<CreatedContainer> {
  const { name, replace } = wanted.request;
  for (let left = NAME_ATTEMPTS; ; left--) {
    if (name !== undefined && replace) await removeHolder(engine, name);
    try {
      return await decideAndStore(engine, wanted);
    } catch (error) {
      if (!isNameTaken(error) || left === 0) throw error;
      if (!replace && !(await removeLeftBehind(engine, name ?? ''))) throw error;
    }
  }
}

/** What a container is made from: the request and the image. */
interface Wanted {
  id: string;
  image: FoundImage;
  request: ContainerRequest;
}

function isNameTaken(error: unknown): boolean {
  return error instanceof ConflictError && error.code === 'NAME_IN_USE';
}

async function decideAndStore(
  engine: Engine,
  { id, image, request }: Wanted,
): Promise<CreatedContainer> {
  const { request: own, anonymous } = withVolumesFrom(engine, request);
  const host = await hostFacts(engine, { image, request: own });
  const asked = { ...own, mounts: [...own.mounts, ...host.extraMounts] };
  if (engine.forRoot) prepareForRoot(engine, own);
  const planned = planVolumes(asked, image);
  const volumes = { ...planned, anonymous: [...planned.anonymous, ...anonymous] };
  const spec = compose({ id, request: volumes.request, image: image.config, host: host.facts });
  const record = await decideRecord(engine, { id, image, request: volumes.request, spec, volumes });
  const made = makeVolumes(engine, volumes);
  try {
    const paths = storeContainer(engine, { record, spec, named: request.name !== undefined });
    return { id, record, spec, paths };
  } catch (error) {
    await dropVolumes(engine, made);
    throw error;
  }
}

interface Decided extends Wanted {
  spec: RuntimeSpec;
  volumes: ReturnType<typeof planVolumes>;
}

async function decideRecord(engine: Engine, decided: Decided): Promise<BerthContainer> {
  const { id, image, request, spec, volumes } = decided;
  const { config, record } = image;
  const ports = await publishedPorts(engine, request, config.exposedPorts);
  const joins = joinsOf(engine, request);
  const ids = decideIds(engine, request, config);
  const user = request.user ?? ids.user ?? config.user;
  if (request.rootFolder !== undefined) requireSharedIds(request.rootFolder, ids.ids);
  const network = chooseNetwork({
    kind: request.network.kind,
    options: request.network.options,
    ports,
    path: process.env['PATH'] ?? '',
  });
  if (network.warning !== undefined) {
    engine.report({ kind: 'warning', message: network.warning });
  }
  const images = mountedImages(engine, request.mounts);
  const signal = request.stopSignal ?? config.stopSignal ?? DEFAULT_STOP_SIGNAL;
  return {
    version: 1,
    id,
    name: request.name ?? randomName(),
    createdAtMs: Date.now(),
    imageId: record.id,
    imageName: image.name,
    layers: record.layers.map(({ diffId }) => diffId),
    labels: { ...config.labels, ...request.labels },
    volumes: volumes.names,
    ...(images.length > 0 ? { mountedImages: images } : {}),
    request,
    command: spec.process.args,
    exposedPorts: config.exposedPorts,
    ports,
    network: network.kind,
    user,
    ...(ids.ids === undefined ? {} : { containerIds: ids.ids }),
    accounts: accountLines({
      request: request.rootFolder === undefined ? request.accounts : accountsOf(request),
      kept: ids.user === undefined ? undefined : { account: engine.account, ids: ids.user },
      user,
      spec,
    }),
    ...(engine.driver.driver === 'overlay' || request.rootFolder !== undefined
      ? {} : { driver: engine.driver.driver }),
    ...(engine.idMaps.tier === 'single' ? { emulatesRoot: true } : {}),
    stopSignal: signalNumber(signal),
    stopTimeoutSeconds: request.stopTimeoutSeconds ?? DEFAULT_STOP_TIMEOUT_SECONDS,
    log: logOf(engine, id, request),
    anonymousVolumes: volumes.anonymous,
    copyUps: filledVolumes(engine, volumes.copyUps),
    joins,
    platform: formatPlatform({
      os: config.os,
      architecture: config.architecture,
      ...(config.variant === undefined ? {} : { variant: config.variant }),
    }),
  };
}

interface Stored {
  record: BerthContainer;
  spec: RuntimeSpec;
  named: boolean;
}

/**
 * A random name may have been taken by another command a moment ago; then another name is tried.
 */
function storeContainer(engine: Engine, { record, spec, named }: Stored): ContainerPaths {
  const files = { 'spec.json': JSON.stringify(spec) };
  const boundFiles = etcFiles(record, spec, joinedFiles(engine, record));
  for (let left = NAME_ATTEMPTS; ; left--) {
    try {
      return engine.store.containers.create({
        record,
        summary: summaryOf(record),
        files,
        boundFiles,
        writable: record.driver === 'copy'
          ? (root) => copyLayers(engine, record, root) : 'overlay',
      });
    } catch (error) {
      if (named || !isNameTaken(error) || left === 0) {
        throw error;
      }
      Object.assign(record, { name: randomName() });
    }
  }
}

async function removeHolder(engine: Engine, name: string): Promise<void> {
  const id = holderOf(engine, name);
  if (id === undefined) return;
  await removeById(engine, id, { force: true, volumes: true, timeoutSeconds: undefined });
}

/**
 * True when the name is free now: nobody held it, or its holder was a container with --rm that has
 * ended but was not removed, and it was removed here.
 */
async function removeLeftBehind(engine: Engine, name: string): Promise<boolean> {
  const id = holderOf(engine, name);
  if (id === undefined) return true;
  const state = stateIfThere(engine, id)?.state;
  if (state !== 'exited' && state !== 'unknown') return state === undefined;
  if (readableRecord(engine, id)?.request.remove !== true) return false;
  await removeById(engine, id, { force: false, volumes: true, timeoutSeconds: undefined });
  return true;
}

function holderOf(engine: Engine, name: string): string | undefined {
  try {
    const id = engine.store.containers.resolve(name);
    return engine.store.containers.name(id) === name ? id : undefined;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function writeIdFile({ cidFile }: ContainerRequest, id: string): void {
  if (cidFile === undefined) {
    return;
  }
  try {
    writeFileSync(cidFile, id, { flag: 'wx', mode: 0o644 });
    giveToCaller(cidFile);
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw isThere
      ? new ConflictError(
          'CIDFILE_EXISTS',
          `write container id file "${cidFile}": it exists already`,
          {
            hint: `make sure its container is gone, then rm ${cidFile}`,
          },
        )
      : new SystemError('CIDFILE', `write container id file "${cidFile}"`, { cause });
  }
}
