/** Whether mail hosts have TLSA records that anybody looks at, and whether all of them have. */
import { showName } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { showList, showRecord } from '../../dns/show.ts';
import { daneAt } from '../../policies/dane/plan.ts';
import { readTlsaSet, showTlsas } from '../../policies/dane/tlsa.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import type { CheckCase } from '../case.ts';
import type { Remedy } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import { targetName, tlsReach } from '../seen.ts';
import { matchesOf } from './match.ts';
import { type DanePlace, scopeOfPlace, tlsaAt } from './places.ts';
import { shortened, verifyDaneCommand, zoneLine, zoneLines } from './publish.ts';

/** Of each host: whether it has records, and whether they count. */
export function presenceFindings(theCase: CheckCase, place: DanePlace): readonly Finding[] {
  return [presence(theCase, place), ...insecure(theCase, place), ...alias(place)];
}

/** Of the hosts together. */
export function partialFindings(theCase: CheckCase, places: readonly DanePlace[]): readonly Finding[] {
  const { target, facts } = theCase;
  if (target.kind !== 'domain' || places.length < 2 || facts === null) return [];
  const protectedOnes = places.filter(({ facts: { tlsa } }) => isUsable(tlsa));
  const open = places.filter(({ facts: { tlsa } }) => tlsa.kind === 'absent');
  const scope = { domain: target.domain };
  const told = protectedOnes.map(({ host }) => `${host.name} has TLSA records`);
  if (protectedOnes.length === 0) return [];
  if (open.length === 0) {
    const evidence = told.slice(0, MOST_LINES);
    return [
      finding('dane.partial-mx', 'pass', { scope, evidence }),
      finding('dane.dead-mx', 'pass', { scope, evidence }),
    ];
  }
  const isDead = ({ doors }: DanePlace): boolean =>
    doors.length > 0 && doors.every(({ base }) => base.connect.kind === 'failed');
  const dead = open.filter(isDead);
  const alive = open.filter((place) => !isDead(place));
  const say = (some: readonly DanePlace[]): readonly string[] => [
    ...told.slice(0, 4),
    ...some
      .slice(0, 6)
      .map(({ facts: { tlsa, host } }) =>
        tlsa.kind === 'absent' ? `${host}: ${tlsa.because}` : `${host} has none`,
      ),
  ];
  return [
    alive.length > 0
      ? finding('dane.partial-mx', 'warn', { scope, evidence: say(alive), fix: cover(theCase, alive) })
      : finding('dane.partial-mx', 'pass', { scope, evidence: told.slice(0, MOST_LINES) }),
    dead.length > 0
      ? finding('dane.dead-mx', 'warn', { scope, evidence: say(dead), fix: bury(theCase, dead) })
      : finding('dane.dead-mx', 'pass', { scope, evidence: told.slice(0, MOST_LINES) }),
  ];
}

/** Records at `_25._tcp.DOMAIN`, where mail for the domain goes to hosts of other names: nobody looks there. */
export function* ownerFindings(
  theCase: CheckCase,
  places: readonly DanePlace[],
): PolicyLookUp<readonly Finding[]> {
  const { target } = theCase;
  if (target.kind !== 'domain' || places.length === 0) return [];
  const { domain } = target;
  if (places.some(({ facts: { host } }) => host === domain)) return [];
  const answer = yield* tlsaAt(domain, 25);
  const owner = `_25._tcp.${domain}`;
  const scope = { domain };
  if (answer === undefined || answer.kind === 'unknown') return [];
  if (answer.kind === 'absent') {
    const evidence = [`there are no TLSA records at ${owner}, which is no mail host (${answer.status})`];
    return [finding('dane.wrong-owner-name', 'pass', { scope, evidence })];
  }
  const missing = places.filter(({ facts: { tlsa } }) => tlsa.kind === 'absent');
  const hosts = places.map(({ host }) => host.name);
  return [
    finding('dane.wrong-owner-name', missing.length > 0 ? 'fail' : 'warn', {
      scope,
      // Left over beside the right ones they harm nobody.
      ...(missing.length > 0 ? {} : { severity: 'info' }),
      evidence: [
        ...answer.records.slice(0, 4).map((data) => `${owner}. TLSA ${short(data)}`),
        `mail for ${domain} goes to ${showList(hosts)}, so senders ask for ${showList(places.map((place) => place.owner))}`,
      ],
      fix: [
        ...missing.map((place) => moveTo(place)),
        { who: 'dns-owner', do: `Take the TLSA records at ${owner} out: no sender looks there.` },
      ],
    }),
  ];
}

/** Evidence of one finding. */
const MOST_LINES = 10;

function isUsable(tlsa: DanePlace['facts']['tlsa']): boolean {
  return daneAt(tlsa).kind === 'dane';
}

function presence(theCase: CheckCase, place: DanePlace): Finding {
  const { facts, port, owner } = place;
  const { tlsa } = facts;
  const scope = scopeOfPlace(place);
  const id = theCase.target.kind === 'domain' || port === 25 ? 'dane.none' : 'dane.port-missing';
  if (tlsa.kind === 'unknown')
    return finding(id, 'not-tested', { scope, evidence: [tlsa.because], severity: 'info' });
  if (tlsa.kind === 'found') {
    const { usable } = tlsa.set;
    const evidence = [
      usable.length > 0
        ? shortened(`${owner}. TLSA ${showTlsas(usable)}`)
        : (tlsa.evidence.at(-1) ?? tlsa.base),
    ];
    return finding(id, 'pass', { scope, evidence });
  }
  return finding(id, 'absent', { scope, evidence: [tlsa.because], fix: begin(theCase, place) });
}

/** How a host begins with DANE: nothing that is not signed first. */
function begin(theCase: CheckCase, place: DanePlace): readonly Remedy[] {
  const { facts, owner, answer } = place;
  const name = targetName(theCase);
  // No record can stand beside an alias (RFC 2181 §10.1).
  const isAlias = answer !== null && answer.aliases.length > 0;
  const sign: Remedy = {
    who: 'dns-owner',
    do: `Have the zone of ${facts.host} signed with DNSSEC first, with a DS record in the zone above: without it nobody looks at TLSA records.`,
    verify: `waxwing resolve ${facts.host} A`,
  };
  const publish: Remedy = {
    who: 'dns-owner',
    do: `${isAlias ? `In place of the alias at ${owner} publish the key of ${facts.host}` : `Publish the key of ${facts.host} at ${owner}`}, and keep it when the certificate is renewed.`,
    lines: zoneLines(place),
    verify: verifyDaneCommand(name),
  };
  const lines = publish.lines ?? [];
  return [
    ...(facts.status === 'secure' ? [] : [sign]),
    ...(lines.length > 0 ? [publish] : [{ ...publish, lines: [zoneLine(owner, THE_KEY, true)] }]),
  ];
}

/** Where no certificate was seen. */
const THE_KEY = '3 1 1 <SHA-256 of the public key of the certificate>';

function insecure(theCase: CheckCase, place: DanePlace): readonly Finding[] {
  const { answer, facts, owner } = place;
  const scope = scopeOfPlace(place);
  if (answer?.kind !== 'found') return [];
  const records = answer.records.slice(0, 4).map((data) => `${owner}. TLSA ${short(data)}`);
  if (facts.tlsa.kind === 'found') return [finding('dane.insecure', 'pass', { scope, evidence: records })];
  const isOpen = answer.status === 'indeterminate';
  const evidence = [...records, answer.because, facts.tlsa.because];
  if (isOpen) return [finding('dane.insecure', 'not-tested', { scope, evidence })];
  return [
    finding('dane.insecure', 'fail', {
      scope,
      evidence,
      fix: [
        ...beforeSigning(theCase, place, answer.records),
        {
          who: 'dns-owner',
          do: `Have the zone of ${facts.host} signed with DNSSEC, with a DS record in the zone above; until then the TLSA records there protect nobody.`,
          verify: `waxwing resolve ${owner} TLSA`,
        },
        { who: 'dns-owner', do: 'If it is not to be signed, take the TLSA records out.' },
      ],
      why: `The TLSA records of ${facts.host} are not proven by DNSSEC, so every sender ignores them: mail to ${targetName(theCase)} is no better protected than without them.`,
    }),
  ];
}

/** Records that nobody obeyed so far count from the moment at which the zone is signed: what does not fit goes first. */
function beforeSigning(
  { now }: CheckCase,
  { doors, facts: { host }, owner }: DanePlace,
  records: readonly Uint8Array[],
): readonly Remedy[] {
  const set = readTlsaSet(records);
  const demand = { set, names: { base: host, mx: host, nextHop: [] }, binding: true, trusted: true };
  const matched = set.usable.length > 0 ? matchesOf({ doors }, demand, now) : [];
  const isWithout = doors.some((door) => tlsReach(door).kind === 'without');
  const isSeen = doors.some((door) => tlsReach(door).kind === 'secured');
  if (isSeen && !isWithout && matched.every(({ verdict }) => verdict.kind === 'match')) return [];
  const lines = isWithout ? [] : zoneLines({ doors, owner });
  const instead = lines.length > 0 ? 'put these in their place' : 'take them out';
  const because =
    isSeen || isWithout ? 'do not fit what it presents' : 'could not be compared with what it presents';
  return [
    {
      who: 'dns-owner',
      do: `First, before anything is signed, ${instead}: the TLSA records at ${owner} ${because}, and from the moment at which they are proven senders with DANE deliver by them or not at all.`,
      ...(lines.length > 0 ? { lines } : {}),
      verify: `dig +short ${owner} TLSA`,
    },
  ];
}

/** Records behind an alias: good where it is proven to its end, and lost where it leads out of what is signed. */
function alias(place: DanePlace): readonly Finding[] {
  const { answer, owner } = place;
  const [first] = answer?.aliases ?? [];
  if (answer === null || first === undefined) return [];
  const scope = scopeOfPlace(place);
  const evidence = [`${owner} is an alias of ${showName(answer.owner)} (${answer.status})`];
  if (answer.status === 'secure') return [finding('dane.cname', 'pass', { scope, evidence })];
  if (first.status !== 'secure' || answer.status === 'indeterminate') return [];
  return [finding('dane.cname', 'warn', { scope, evidence: [...evidence, answer.because] })];
}

function moveTo(place: DanePlace): Remedy {
  const lines = zoneLines(place);
  return {
    who: 'dns-owner',
    do: `Publish the TLSA records at ${place.owner}, the name that senders ask for.`,
    ...(lines.length > 0 ? { lines } : {}),
    verify: `waxwing resolve ${place.owner} TLSA`,
  };
}

function cover(theCase: CheckCase, open: readonly DanePlace[]): readonly Remedy[] {
  return open.flatMap((place) => begin(theCase, place)).slice(0, MOST_LINES);
}

function bury({ target }: CheckCase, dead: readonly DanePlace[]): readonly Remedy[] {
  const domain = target.kind === 'domain' ? target.domain : '';
  return dead.slice(0, MOST_LINES).map(({ host, owner }) => ({
    who: 'dns-owner',
    do: `If ${host.name} takes no mail any more, take it out of the MX records of ${domain}; else bring it back, and publish its key at ${owner}.`,
    verify: verifyDaneCommand(domain),
  }));
}

/** A record in its presentation form; a whole certificate in it is cut. */
function short(data: Uint8Array): string {
  const shown = showRecord(types.TLSA, data);
  return shown.length > 160 ? `${shown.slice(0, 157)}...` : shown;
}
