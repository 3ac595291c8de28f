/** How `images` shows an image: a row for each of its names, fields of a template, json. */
import type { ImageEntry } from '@berth/engine/images/list';
import { humanAgo, humanSize, shortId } from './human.ts';
import type { Column } from './listing.ts';

const NONE = '<none>';

/** An image under one of its names. */
export interface ImageRow extends ImageEntry {
  repository: string;
  tag: string;
}

/** Titles of columns whose title is not the field's name. */
export const IMAGE_TITLES: Readonly<Record<string, string>> = {
  ID: 'IMAGE ID',
  Id: 'IMAGE ID',
  CreatedAt: 'CREATED AT',
  CreatedSince: 'CREATED',
};

/**
 * One row for each tag; for an image without tags, one for each repository that it was pulled from.
 * The rows are in the order of the images, or sorted by their names when that is the sort key.
 */
export function imageRows(images: readonly ImageEntry[], sortKey?: string): ImageRow[] {
  const key = sortKey?.toLowerCase();
  const rows = images.flatMap((image) => {
    const repositories = image.names.map((name) => name.slice(0, name.indexOf('@')));
    const names = image.tags.length > 0 ? image.tags : [...new Set(repositories)];
    return (names.length > 0 ? names : ['']).map((name) => rowOf(image, name));
  });
  if (key !== 'repository' && key !== 'tag') return rows;
  const word = key === 'tag'
    ? (row: ImageRow) => `${row.tag} ${row.repository}`
    : (row: ImageRow) => `${row.repository} ${row.tag}`;
  return rows.sort((a, b) => (word(a) < word(b) ? -1 : 1));
}

function rowOf(image: ImageEntry, name: string): ImageRow {
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const repository = name === '' ? NONE : hasTag ? name.slice(0, colon) : name;
  const digest = image.digests.find((known) => known.startsWith(`${repository}@`));
  return {
    ...image,
    repository,
    tag: name !== '' && hasTag ? name.slice(colon + 1) : NONE,
    digest: digest?.slice(digest.indexOf('@') + 1) ?? (image.digest || NONE),
  };
}

/** The usual columns; with `full` nothing is shortened. */
export function imageColumns({
  full,
  digests,
  history,
}: {
  full: boolean;
  digests: boolean;
  history: boolean;
}): Column<ImageRow>[] {
  const digest: Column<ImageRow> = { title: 'DIGEST', show: (row) => row.digest };
  const names: Column<ImageRow> = { title: 'HISTORY', show: (row) => row.names.join(', ') };
  return [
    { title: 'REPOSITORY', show: ({ repository }) => repository },
    { title: 'TAG', show: ({ tag }) => tag },
    ...(digests ? [digest] : []),
    { title: 'IMAGE ID', show: ({ id }) => idText(id, full) },
    { title: 'CREATED', show: ({ createdAt }) => humanAgo(createdAt) },
    { title: 'SIZE', show: ({ sizeBytes }) => humanSize(sizeBytes) },
    ...(history ? [names] : []),
  ];
}

/** Podman's field names. */
export function imageFields(row: ImageRow, full: boolean): object {
  return {
    ID: idText(row.id, full),
    Id: row.id,
    Repository: row.repository,
    Tag: row.tag,
    Digest: row.digest,
    Digests: row.digests,
    Names: row.names,
    RepoTags: row.tags,
    RepoDigests: row.digests,
    ParentID: '',
    Created: humanAgo(row.createdAt),
    CreatedAt: row.createdAt,
    CreatedSince: humanAgo(row.createdAt),
    CreatedTime: row.createdAt,
    Size: humanSize(row.sizeBytes),
    VirtualSize: row.sizeBytes,
    SharedSize: 0,
    Labels: row.labels,
    Containers: row.containers,
    Dangling: row.dangling,
    ReadOnly: row.readOnly,
    IsReadOnly: row.readOnly,
    History: row.names.join(', '),
    Os: row.os,
    Arch: row.architecture,
  };
}

/** Podman's object for `--format json`. */
export function imageJson(image: ImageEntry): object {
  return {
    Id: image.id,
    ParentId: '',
    RepoTags: image.tags.length > 0 ? image.tags : null,
    RepoDigests: image.digests,
    Size: image.sizeBytes,
    SharedSize: 0,
    VirtualSize: image.sizeBytes,
    Labels: image.labels,
    Containers: image.containers(),
    Arch: image.architecture,
    Digest: image.digest,
    History: image.names,
    IsManifestList: false,
    Names: image.names,
    Os: image.os,
    Created: Math.floor(image.createdAt.getTime() / 1000),
    CreatedAt: image.createdAt.toISOString(),
  };
}

function idText(id: string, full: boolean): string {
  return full ? `sha256:${id}` : shortId(id);
}
