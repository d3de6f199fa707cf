/** Whether what mail hosts present fits their TLSA records: at every address, with every kind of key, with and without SNI. */
import { showList } from '../../dns/show.ts';
import { showTlsas, type TlsaRecord } from '../../policies/dane/tlsa.ts';
import { type DaneVerdict, verifyDane } from '../../policies/dane/verify.ts';
import type { DaneDemand } from '../../policies/decide.ts';
import { summarizeCertificate } from '../../tls/certificate.ts';
import { type CheckCase, scopeOf } from '../case.ts';
import type { CheckId } from '../catalogue.ts';
import type { Remedy } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import type { Observation } from '../observation.ts';
import {
  chainsAt,
  isSameLeaf,
  otherKeyIn,
  placeOfDoor,
  type SeenChain,
  targetName,
  tlsReach,
} from '../seen.ts';
import { type DanePlace, scopeOfPlace } from './places.ts';
import { shortened, standingLine, verifyDaneCommand, zoneLines } from './publish.ts';

/** One handshake and what the records make of it. */
export interface Matched {
  readonly chain: SeenChain;
  readonly verdict: DaneVerdict;
}

/** Of one host with records that are proven. */
export function matchFindings(theCase: CheckCase, place: DanePlace): readonly Finding[] {
  if (place.facts.tlsa.kind !== 'found') return [];
  const withoutTls = place.doors.flatMap((door) => noStartTls(theCase, place, door));
  const { demand } = place;
  if (demand === undefined) return withoutTls;
  const matched = matchesOf(place, demand, theCase.now);
  return [
    ...withoutTls,
    ...ofFirst(theCase, place, demand, matched),
    ...ofOtherKeys(theCase, place, matched),
  ];
}

/** Every handshake with the host, judged by its records at `now`. */
export function matchesOf(
  { doors }: Pick<DanePlace, 'doors'>,
  { set, names }: DaneDemand,
  now: number,
): readonly Matched[] {
  return doors.flatMap(chainsAt).map((chain) => ({ chain, verdict: verifyDane(chain.tls, set, names, now) }));
}

/** The record of a match. */
export function recordOf({ verdict }: Matched): TlsaRecord | undefined {
  return verdict.kind === 'match' ? verdict.record : undefined;
}

function noStartTls(theCase: CheckCase, { host, owner }: DanePlace, door: Observation): readonly Finding[] {
  const reach = tlsReach(door);
  const scope = scopeOf(host, door);
  if (reach.kind === 'unknown') return [];
  if (reach.kind === 'secured') {
    const evidence = [`TLS comes about at ${placeOfDoor(door)}: ${reach.tls.version}`];
    return [finding('dane.no-starttls', 'pass', { scope, evidence })];
  }
  const evidence = [
    `${owner} has TLSA records, so senders demand TLS`,
    `${placeOfDoor(door)}: ${reach.because}`,
    ...door.base.transcript.slice(-6),
  ];
  return [
    finding('dane.no-starttls', 'fail', {
      scope,
      evidence,
      fix: [
        {
          who: 'mail-provider',
          do: `Switch STARTTLS on at ${host.name} (${placeOfDoor(door)}), with the key that its TLSA records name.`,
          verify: verifyDaneCommand(targetName(theCase)),
        },
        {
          who: 'dns-owner',
          do: `If that takes long: take the TLSA records at ${owner} out until then, so that mail waits no longer than their TTL.`,
        },
      ],
    }),
  ];
}

/** What senders have first at each address: all fit, some do, none does. */
function ofFirst(
  theCase: CheckCase,
  place: DanePlace,
  demand: DaneDemand,
  matched: readonly Matched[],
): readonly Finding[] {
  const first = matched.filter(({ chain }) => chain.by === 'base');
  const wrong = first.filter(({ verdict }) => verdict.kind === 'no-match');
  const scope = scopeOfPlace(place);
  if (first.length === 0) return [];
  if (wrong.length === 0) {
    const evidence = first.slice(0, MOST_LINES).map(say);
    const ids: readonly CheckId[] = [
      'dane.mismatch',
      ...(first.length > 1 ? (['dane.mismatch-ip'] as const) : []),
      ...(hasAuthority(demand) ? AUTHORITY_IDS : []),
    ];
    return ids.map((id) => finding(id, 'pass', { scope, evidence }));
  }
  if (wrong.length < first.length) return wrong.map((one) => differs(theCase, place, one));
  const id = idOf(wrong[0], demand, theCase.now);
  const fix =
    id === 'dane.mismatch'
      ? repairRecords(theCase, place, demand, wrong)
      : repairAuthority(theCase, place, id);
  return [finding(id, 'fail', { scope, evidence: evidenceOf(wrong, demand), fix })];
}

const AUTHORITY_IDS = ['dane.ta-not-in-chain', 'dane.ta-name-mismatch', 'dane.ta-expired'] as const;

/** Where only authorities are named it can be told which of the things that usage 2 looks at is wrong. */
function idOf(wrong: Matched | undefined, demand: DaneDemand, now: number): CheckId {
  const { set } = demand;
  const verdict = wrong?.verdict;
  if (wrong === undefined || verdict?.kind !== 'no-match') return 'dane.mismatch';
  if (set.usable.some(({ usage }) => usage === 3)) return 'dane.mismatch';
  switch (verdict.reason) {
    case 'certificate-host-mismatch':
      return 'dane.ta-name-mismatch';
    case 'certificate-expired':
      return 'dane.ta-expired';
    default:
      return presents(wrong.chain, demand, now) ? 'dane.mismatch' : 'dane.ta-not-in-chain';
  }
}

/** Whether one of the certificates above the server's own is that of an authority in the records. */
function presents({ tls }: SeenChain, { set, names }: DaneDemand, now: number): boolean {
  // Asked of the one judge there is: as the certificate of a server, an authority's matches by usage 3.
  const usable = set.usable.map((record) => ({ ...record, usage: 3 as const }));
  const asEntities = { usable, superseded: [], unusable: [] };
  return tls.chain
    .slice(1)
    .some((der) => verifyDane({ chain: [der] }, asEntities, names, now).kind === 'match');
}

function hasAuthority({ set }: DaneDemand): boolean {
  return set.usable.some(({ usage }) => usage === 2);
}

/** One address differs from the others. */
function differs(theCase: CheckCase, place: DanePlace, one: Matched): Finding {
  const { observation } = one.chain;
  return finding('dane.mismatch-ip', 'fail', {
    scope: scopeOf(place.host, observation),
    evidence: [say(one), ...certificateLines(one.chain), 'at other addresses of the host the records fit'],
    fix: [
      {
        who: 'mail-provider',
        do: `Give the server at ${placeOfDoor(observation)} the certificate and key that ${place.host.name} has at its other addresses.`,
        verify: verifyDaneCommand(targetName(theCase)),
      },
      {
        who: 'dns-owner',
        do: `Or publish its key too, beside the others at ${place.owner}.`,
        lines: zoneLines({ ...place, doors: [observation] }),
      },
    ],
  });
}

/** Clients choose the kind of key: a server with two certificates needs records that fit both. */
function ofOtherKeys(theCase: CheckCase, place: DanePlace, matched: readonly Matched[]): readonly Finding[] {
  return matched.flatMap((one) => {
    if (one.chain.by === 'base') return [];
    const { observation, by } = one.chain;
    const first = matched.find(({ chain }) => chain.by === 'base' && chain.observation === observation);
    // Where nothing fits, it has been said already.
    if (first?.verdict.kind !== 'match') return [];
    const id = by === 'other-key' ? 'dane.mismatch-alg' : 'dane.mismatch-sni';
    const scope = scopeOf(place.host, observation);
    if (one.verdict.kind === 'match') return [finding(id, 'pass', { scope, evidence: [say(one)] })];
    if (by === 'no-name' && isOfOtherKey(one.chain)) return [];
    return [
      finding(id, by === 'other-key' ? 'fail' : 'warn', {
        scope,
        evidence: [say(one), ...certificateLines(one.chain)],
        fix: [
          {
            who: 'dns-owner',
            do: `Publish the key of this certificate too, beside the others at ${place.owner}.`,
            lines: zoneLines({ ...place, doors: [observation] }),
            verify: verifyDaneCommand(targetName(theCase)),
          },
        ],
      }),
    ];
  });
}

/** A hello without SNI is free to be shown either kind of key; that the records do not fit the other one is told of that. */
function isOfOtherKey({ observation, tls }: SeenChain): boolean {
  const other = otherKeyIn(observation);
  return other !== undefined && isSameLeaf(tls, other);
}

/** The new record stands beside the old one until every cache has it. */
function repairRecords(
  theCase: CheckCase,
  place: DanePlace,
  { set }: DaneDemand,
  wrong: readonly Matched[],
): readonly Remedy[] {
  const doors = wrong.map(({ chain }) => chain.observation);
  const ttl = place.answer?.ttl ?? 0;
  const unseen = place.facts.addresses.filter(
    (address) => !place.doors.some(({ endpoint, base }) => endpoint.address === address && base.tls !== null),
  );
  return [
    {
      who: 'dns-owner',
      do: `Publish the key that ${place.host.name} really has at ${place.owner}, if the certificate it presents is yours; if it is not, somebody is between you and the server.`,
      lines: zoneLines({ ...place, doors }),
      verify: verifyDaneCommand(targetName(theCase)),
    },
    {
      who: 'dns-owner',
      do: `${unseen.length > 0 ? `When you are sure that they are not of the key at ${showList(unseen)}, where nobody could look, take` : 'Then take'} out the records that fit nothing: ${set.usable
        .slice(0, 3)
        .map((record) => standingLine(place.owner, record))
        .join(
          '; ',
        )}. Until caches have forgotten them, at most their TTL (${Math.max(ttl, 1)} seconds of it were left here), some mail still waits.`,
    },
    {
      who: 'mail-provider',
      do: `Or give ${place.host.name} back the certificate and key that the records were made for.`,
    },
  ];
}

function repairAuthority(theCase: CheckCase, place: DanePlace, id: CheckId): readonly Remedy[] {
  const { name } = place.host;
  const verify = verifyDaneCommand(targetName(theCase));
  const own: Remedy = {
    who: 'dns-owner',
    do: `Or publish the server's own key in place of its authority: then neither name nor date nor authority matters.`,
    lines: zoneLines(place),
    verify,
  };
  switch (id) {
    case 'dane.ta-name-mismatch':
      return [{ who: 'mail-provider', do: `Give ${name} a certificate for the name ${name}.`, verify }, own];
    case 'dane.ta-expired':
      return [{ who: 'mail-provider', do: `Renew the certificate of ${name}.`, verify }, own];
    default:
      return [
        {
          who: 'mail-provider',
          do: `Have ${name} present the certificate of the authority in its TLSA records too, even where that is a root: a chain without it proves nothing under usage 2.`,
          verify,
        },
        own,
      ];
  }
}

function evidenceOf(wrong: readonly Matched[], { set }: DaneDemand): readonly string[] {
  const [first] = wrong;
  return [
    shortened(`TLSA ${showTlsas(set.usable)}`),
    ...wrong.slice(0, 4).map(say),
    ...(first === undefined ? [] : certificateLines(first.chain)),
  ];
}

function certificateLines({ tls }: SeenChain): readonly string[] {
  const summary = tls.chain[0] && summarizeCertificate(tls.chain[0]);
  if (summary?.kind !== 'ok') return [];
  const { subject, sha256, spkiSha256 } = summary.value;
  return [shortened(`presented: ${subject || 'no subject'}, SHA-256 ${sha256}, of its key ${spkiSha256}`)];
}

const HELLOS = {
  base: '',
  'other-key': ', with the other kind of key',
  'no-name': ', without a server name (SNI)',
} as const;

function say({ chain, verdict }: Matched): string {
  return shortened(`${placeOfDoor(chain.observation)}${HELLOS[chain.by]}: ${verdict.because}`);
}

const MOST_LINES = 10;
