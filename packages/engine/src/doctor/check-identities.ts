/** Checks of user namespaces and of the ids that containers get. */
import { lineForRootIds, type IdRange } from '@berth/host';
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, user, type Finding, type Remedy } from './finding.ts';
import { isInContainer, startOuter } from './outer-container.ts';
import { install } from './packages.ts';

const OUTER_IDS = 'give subordinate ids to the user who starts the outer container';
const RANGE = 65_536;
const MANY_NAMESPACES = 15_000;
const LIMIT = 'user.max_user_namespaces';

/** Whether a user namespace with the id maps of containers can be made. */
export function checkUserNamespaces(facts: DoctorFacts): Finding {
  const { account, userNamespaces, namespace } = facts;
  const id = 'user-namespaces';
  if (isRootWithoutIds(facts)) return ok(id, 'root may make user namespaces');
  if (account.uid === namespace.hostRoot) {
    return {
      id,
      severity: 'blocked',
      found: 'you are root of the machine, under another number or in a container',
      cost: "no container can run: the host's uid 0 is never mapped into one",
      remedies: [user('su - USER')],
    };
  }
  const { refusal, allowed, maximum, appArmorRestricts, helper } = userNamespaces;
  if (refusal === undefined) return ok(id, 'user namespaces can be made');
  const remedies: Remedy[] = [];
  if (allowed === false) remedies.push(setting('kernel.unprivileged_userns_clone', 1));
  if (maximum === 0 || refusal.includes(LIMIT)) {
    remedies.push(setting(LIMIT, Math.max(MANY_NAMESPACES, 2 * maximum)));
  }
  if (appArmorRestricts) remedies.push(appArmorProfile(helper));
  if (remedies.length === 0) remedies.push(...ofOuterContainer(facts));
  return {
    id,
    severity: 'blocked',
    found: `no user namespace can be made: ${refusal}`,
    cost: 'no container can run; images can be pulled, loaded, saved and pushed',
    remedies,
  };
}

/** Where root has ids for containers, commands run as the first of them. */
function isRootWithoutIds({ account, forRoot }: DoctorFacts): boolean {
  return forRoot && account.uid === 0;
}

/** An outer container engine may refuse by a seccomp filter, or because root lacks a capability. */
function ofOuterContainer(facts: DoctorFacts): Remedy[] {
  if (!isInContainer(facts)) return [];
  if (facts.account.uid === 0 && !facts.namespace.mayMapRoot) {
    return [startOuter('--cap-add SETFCAP')];
  }
  return [startOuter('--security-opt seccomp=unconfined --security-opt apparmor=unconfined '
    + '(Podman, Docker), or seccompProfile: Unconfined (Kubernetes)')];
}

/** Sets a sysctl now and for the time after a reboot. */
function setting(name: string, value: number): Remedy {
  return administrator(`echo ${name}=${value} >>/etc/sysctl.d/90-berth.conf && sysctl --system`);
}

/** AppArmor grants the right by the program's path. */
function appArmorProfile(helper: string): Remedy {
  const profile = `abi <abi/4.0>, profile berth "${helper}" flags=(unconfined) { userns, }`;
  return administrator(
    `echo '${profile}' >/etc/apparmor.d/berth && apparmor_parser -r /etc/apparmor.d/berth`,
  );
}

/**
 * With file capabilities instead of set-user-id, the caller's uid stays the same, and so the caller
 * still owns the namespace that is mapped.
 */
const FILE_CAPABILITIES = administrator('chmod u-s $(command -v newuidmap newgidmap)'
  + ' && setcap cap_setuid+ep "$(command -v newuidmap)"'
  + ' && setcap cap_setgid+ep "$(command -v newgidmap)"');

const COST_OF_ONE_ID = 'root inside is you outside, and other users inside are not real: images '
  + 'that change to a user of their own (redis, postgres) need --user';

/** Whether containers have more than one user and group. */
export function checkSubordinateIds(facts: DoctorFacts): Finding {
  const id = 'subordinate-ids';
  const { account, ids, packageManager, namespace } = facts;
  if (isRootWithoutIds(facts)) {
    return {
      id,
      severity: 'blocked',
      found: ids.uids.length === 0 || ids.gids.length === 0
        ? 'root has no ids for containers in /etc/subuid and /etc/subgid'
        : `the range of "${ids.owner}" begins with the id of another user`,
      cost: "no container of root's can run: the host's uid 0 is never mapped into one",
      remedies: [addRanges(facts)],
    };
  }
  if (account.uid === namespace.hostRoot) {
    return ok(id, 'root has no use for subordinate ids here');
  }
  if (account.uid === 0) return checkIdsOfNestedRoot(namespace);
  const remedies: Remedy[] = [];
  if (ids.helpers === 'missing') remedies.push(install(packageManager, 'newuidmap'));
  if (ids.helpers === 'not set-user-id') {
    remedies.push(administrator('chmod u+s "$(command -v newuidmap)" "$(command -v newgidmap)"'));
  }
  if (ids.helpers === 'weak') remedies.push(FILE_CAPABILITIES);
  if (ids.uids.length === 0 || ids.gids.length === 0) remedies.push(addRanges(facts));
  if (remedies.length > 0) {
    return {
      id,
      severity: 'weaker',
      found: `one user id and one group id: ${whatIsMissing(facts)}`,
      cost: COST_OF_ONE_ID,
      remedies,
    };
  }
  const count = Math.min(total(ids.uids), total(ids.gids));
  if (count < RANGE) {
    return {
      id,
      severity: 'weaker',
      found: count === 1 ? 'one subordinate id' : `${count} subordinate ids`,
      cost: `images with owners above ${count} can't be unpacked`,
      remedies: [addRanges(facts)],
    };
  }
  return ok(id, `${count} subordinate ids for "${ids.owner}"`);
}

/** Inside a container, root maps the ids of that container. */
function checkIdsOfNestedRoot({ uids, gids, mayMapIds }: DoctorFacts['namespace']): Finding {
  const id = 'subordinate-ids';
  const count = Math.min(total(uids), total(gids));
  if (count > 1 && mayMapIds) return ok(id, `the ${count} ids of this container`);
  return {
    id,
    severity: 'weaker',
    found: count > 1
      ? 'one user id and one group id: this container lacks the capabilities SETUID and SETGID'
      : 'one user id and one group id: this container has no others',
    cost: count > 1 ? COST_OF_ONE_ID
      : `${COST_OF_ONE_ID}; where root of this container is emulated, root inside is not`,
    remedies: [count > 1 ? startOuter('--cap-add SETUID,SETGID') : administrator(OUTER_IDS)],
  };
}

function whatIsMissing({ account, ids, namespace }: DoctorFacts): string {
  if (ids.helpers === 'missing') return 'newuidmap and newgidmap are not installed';
  if (ids.helpers !== 'there') return 'newuidmap and newgidmap may not map ids';
  const file = ids.uids.length === 0 ? '/etc/subuid' : '/etc/subgid';
  return `${file} has no range for "${account.name}"` +
    (namespace.isWhole ? '' : ' among the ids of this container');
}

/** Adds a range that nobody has; inside a container, the ids above the user's. */
function addRanges({ account, hasAccount, forRoot, ids, namespace }: DoctorFacts): Remedy {
  if (forRoot) return administrator(`${dropRootsRanges(ids)}${lineForRootIds(ids.free)}`);
  const ofNamespace = [...namespace.uids, ...namespace.gids].map((r) => r.start + r.count);
  const { start, count } = ids.free;
  const [first, last] = namespace.isWhole
    ? [start, start + count - 1] : [account.uid + 1, Math.max(...ofNamespace) - 1];
  if (last < first) return administrator(OUTER_IDS);
  const range = `${first}-${last}`;
  // newuidmap wants to know the user's name.
  const { uid, gid, name } = account;
  const [make, whom] = hasAccount ? ['', name]
    : [`echo 'user${uid}:x:${uid}:${gid}::/:/bin/sh' >>/etc/passwd && `, `user${uid}`];
  return administrator(`${make}usermod --add-subuids ${range} --add-subgids ${range} ${whom}`);
}

/** Root's store belongs to the first id of the range, so it is removed together with the range. */
function dropRootsRanges({ uids, gids, owner }: DoctorFacts['ids']): string {
  if (uids.length === 0 || gids.length === 0) return '';
  return `berth system reset --force; sed -i /^${owner}:/d /etc/subuid /etc/subgid; `;
}

function total(ranges: readonly { readonly count: number }[]): number {
  return ranges.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Whether ids of the user's range are used by processes or files of someone else (CVE-2024-56433).
 */
export function checkRangeOverlap(facts: DoctorFacts): Finding {
  const id = 'subordinate-ids-overlap';
  const { account, ids } = facts;
  const others = ids.allRanges.filter(
    ({ owner, kind, start, count }) =>
      owner !== ids.owner &&
      owner !== String(account.uid) &&
      ids[`${kind}s`].some((own) => own.start < start + count && start < own.start + own.count),
  );
  const whose = [
    ...ids.usedInRange.map(({ name, uid }) => `uid ${uid} of "${name}"`),
    ...others.map(({ owner, kind }) => `sub${kind}s of "${owner}"`),
  ];
  const isBlocked = holdsOwnId(facts);
  if (whose.length === 0 && !isBlocked) return ok(id, 'nobody else has ids of the range');
  const shown = isBlocked ? ['your own'] : [...new Set(whose)].slice(0, 3);
  const drop = (['uid', 'gid'] as const).flatMap((kind) =>
    ids[`${kind}s`].map(({ start, count }) => `--del-sub${kind}s ${start}-${start + count - 1}`));
  return {
    id,
    severity: isBlocked ? 'blocked' : 'weaker',
    found: `the subordinate ids are also ${shown.join(', ')}`,
    cost: isBlocked ? 'no container can run: the kernel maps no id twice'
      : 'a container has the rights of these users on files that both can reach',
    remedies: [
      ...(facts.forRoot ? [] : [administrator(`usermod ${drop.join(' ')} ${account.name}`)]),
      addRanges(facts),
    ],
  };
}

/** Root of a container is the user, except for the machine's root. */
function holdsOwnId({ account: { uid, gid }, ids, forRoot }: DoctorFacts): boolean {
  const holds = (ranges: readonly IdRange[], own: number): boolean =>
    ranges.some(({ start, count }) => own >= start && own < start + count);
  return !forRoot && ids.helpers === 'there' && (holds(ids.uids, uid) || holds(ids.gids, gid));
}
