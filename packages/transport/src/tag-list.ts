/** The list of tags of a repository, page by page. */
import { TransportError } from '@berth/errors';
import { isRecord, parseObject } from '@berth/oci';
import type { RegistrySession } from './registry-session.ts';

const PAGE_LENGTH = 1000;
const MAXIMUM_PAGES = 1000;
const MAXIMUM_PAGE_BYTES = 4 << 20;

/** Every tag once, in the registry's order. Throws NotFoundError, TransportError. */
export async function fetchTags(place: {
  readonly session: RegistrySession;
  readonly repository: string;
}): Promise<string[]> {
  const { session, repository } = place;
  const list = `/v2/${repository}/tags/list`;
  const tags = new Set<string>();
  let path: string | undefined = `${list}?n=${PAGE_LENGTH}`;
  for (let page = 0; path !== undefined && page < MAXIMUM_PAGES; page += 1) {
    const { bytes, headers } = await session.fetchWhole({
      path,
      repository,
      limitBytes: MAXIMUM_PAGE_BYTES,
      action: `list tags of "${repository}"`,
    });
    for (const tag of readPage(bytes, repository)) tags.add(tag);
    path = nextPage(headers.link, list);
  }
  return [...tags];
}

function readPage(body: Buffer, repository: string): string[] {
  const document = parseObject(body);
  const tags = isRecord(document) ? document['tags'] : undefined;
  // A repository whose tags are all deleted has null here.
  if (tags === null) return [];
  if (!Array.isArray(tags) || !tags.every((tag): tag is string => typeof tag === 'string')) {
    throw new TransportError(
      'BAD_TAG_LIST',
      `list tags of "${repository}": the answer is no list of tags`,
    );
  }
  return tags;
}

/** The path of the next page; undefined for a link to anything else than this list. */
function nextPage(link: string | string[] | undefined, list: string): string | undefined {
  const text = Array.isArray(link) ? link.join(',') : link;
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(text ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, 'http://registry')) return undefined;
  const url = new URL(target, `http://registry${list}`);
  return url.pathname === list ? `${url.pathname}${url.search}` : undefined;
}
