/** What becomes of the TLSA records of a host with time: what nobody uses, what the next key needs, what a renewal breaks. */
import { formatMoment } from '../../names/calendar.ts';
import { showTlsas, type TlsaRecord } from '../../policies/dane/tlsa.ts';
import { verifyDane } from '../../policies/dane/verify.ts';
import type { DaneDemand } from '../../policies/decide.ts';
import { summarizeCertificate } from '../../tls/certificate.ts';
import type { CheckCase } from '../case.ts';
import { type Finding, finding } from '../finding.ts';
import { targetName } from '../seen.ts';
import { type Matched, matchesOf, recordOf } from './match.ts';
import { type DanePlace, scopeOfPlace } from './places.ts';
import { lineOf, shortened, standingLine, verifyDaneCommand, zoneLines } from './publish.ts';

const DAY_MS = 24 * 60 * 60_000;
/** So long before its end a certificate of 90 days is renewed, and an authority's is replaced. */
const RENEWAL_MS = 30 * DAY_MS;
/** Whoever has not renewed by then has forgotten it. */
const FORGOTTEN_MS = 7 * DAY_MS;

/** Of one host at which every first handshake fits; elsewhere there is more urgent to say. */
export function outlookFindings(theCase: CheckCase, place: DanePlace): readonly Finding[] {
  const { demand } = place;
  if (demand === undefined) return [];
  const matched = matchesOf(place, demand, theCase.now);
  const first = matched.filter(({ chain }) => chain.by === 'base');
  if (first.length === 0 || first.some(({ verdict }) => verdict.kind === 'no-match')) return [];
  return [
    ...unused(theCase, place, demand, matched),
    ...publicAuthority(theCase, place, matched),
    willFail(theCase, place, matched),
  ];
}

/** Records of keys that no handshake has shown: one for each key in use may be the next one's; more is litter. */
function unused(
  theCase: CheckCase,
  place: DanePlace,
  demand: DaneDemand,
  matched: readonly Matched[],
): readonly Finding[] {
  const entities = demand.set.usable.filter(({ usage }) => usage === 3);
  if (entities.length === 0) return [];
  const idle = entities.filter((record) => !matched.some((one) => fits(record, one, demand)));
  const keys = new Set(matched.flatMap(({ chain }) => keyOf(chain.tls.chain[0]) ?? []));
  const scope = scopeOfPlace(place);
  if (idle.length === 0) {
    const evidence = [`every record has been shown: ${shortened(showTlsas(entities))}`];
    return [finding('dane.stale-record', 'pass', { scope, evidence }), rollover(place, demand, idle)];
  }
  const stale = finding('dane.stale-record', 'warn', {
    scope,
    severity: idle.length > keys.size ? 'low' : 'info',
    evidence: idle.slice(0, MOST_LINES).map((record) => `${lineOf(record)}: no server has shown it`),
    fix: [
      {
        who: 'dns-owner',
        do: `Each is of the next key, or left over from an old one. Take out those of keys that you do not have any more or never had: ${idle
          .slice(0, 3)
          .map((record) => standingLine(place.owner, record))
          .join('; ')}.`,
        verify: verifyDaneCommand(targetName(theCase)),
      },
    ],
  });
  return [stale, rollover(place, demand, idle)];
}

/** RFC 7672 §4: the record of the next key is there before the key is, or one of an authority that signs both. */
function rollover(place: DanePlace, { set }: DaneDemand, idle: readonly TlsaRecord[]): Finding {
  const scope = scopeOfPlace(place);
  const authority = set.usable.find(({ usage }) => usage === 2);
  if (idle.length > 0 || authority !== undefined) {
    const evidence = [
      idle[0] !== undefined
        ? `one record is of no key that was seen: that of the next one, if you have made it: ${lineOf(idle[0])}`
        : `an authority is named beside the key: ${authority === undefined ? '' : lineOf(authority)}`,
    ];
    return finding('dane.rollover-not-ready', 'pass', { scope, evidence });
  }
  const ttl = place.answer?.ttl ?? 0;
  return finding('dane.rollover-not-ready', 'absent', {
    scope,
    evidence: [
      `every record is of the key in use: ${shortened(showTlsas(set.usable))}`,
      `caches keep the records for ${ttl} seconds more, or longer: a resolver tells only what is left`,
    ],
    fix: [
      {
        who: 'mail-provider',
        do: `Renew with the same key as long as you can (certbot: --reuse-key). Before ${place.host.name} gets a new key, publish its record beside the old one, wait at least twice the TTL that the zone gives them (dig @ one of its name servers shows it; two days are enough for a TTL of a day), and only then change the key.`,
      },
    ],
  });
}

/** An authority of the public, whose intermediate certificates come and go without asking. */
function publicAuthority(
  theCase: CheckCase,
  place: DanePlace,
  matched: readonly Matched[],
): readonly Finding[] {
  const byAuthority = matched.filter((one) => recordOf(one)?.usage === 2);
  if (byAuthority.length === 0) return [];
  const scope = scopeOfPlace(place);
  const open = byAuthority.find(({ chain }) => chain.tls.path.kind === 'trusted');
  const [first] = byAuthority;
  if (open === undefined) {
    const evidence = [first?.verdict.because ?? 'the authority is known to nobody else'];
    return [finding('dane.ta-public-ca', 'pass', { scope, evidence })];
  }
  return [
    finding('dane.ta-public-ca', 'warn', {
      scope,
      evidence: [open.verdict.because, 'the same certificate leads to a root that everybody trusts'],
      fix: [
        {
          who: 'dns-owner',
          do: `Publish the key of ${place.host.name} beside the authority's, so that a change of the authority breaks nothing.`,
          lines: zoneLines(place),
          verify: verifyDaneCommand(targetName(theCase)),
        },
      ],
    }),
  ];
}

/** The day from which the records fit no more, if everything else stays as it is and certificates are renewed. */
function willFail(theCase: CheckCase, place: DanePlace, matched: readonly Matched[]): Finding {
  const { now } = theCase;
  const scope = scopeOfPlace(place);
  const ends = matched.flatMap(endsOf).toSorted((a, b) => a.at - a.soonMs - b.at + b.soonMs);
  const [end] = ends;
  if (end === undefined) {
    const evidence = ['the records that fit are of keys, and hold as long as the keys are kept'];
    return finding('dane.will-fail-at', 'pass', { scope, evidence });
  }
  const evidence = [`${end.because} ${formatMoment(Math.floor(end.at / 1000))}`, lineOf(end.record)];
  if (end.at - now > end.soonMs) return finding('dane.will-fail-at', 'pass', { scope, evidence });
  return finding('dane.will-fail-at', 'warn', {
    scope,
    evidence,
    fix: [
      {
        who: 'dns-owner',
        do: `Publish the key of ${place.host.name} at ${place.owner} at once, and renew the certificate with the same key.`,
        lines: zoneLines(place),
        verify: `waxwing check ${targetName(theCase)} --only dane --fail-at ${formatMoment(Math.floor(end.at / 1000) + 86_400)}`,
      },
    ],
  });
}

/** When a match ends by itself, and what ends it. */
interface MatchEnd {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How long before that it is high time to do something; milliseconds. */
  readonly soonMs: number;
  readonly record: TlsaRecord;
  readonly because: string;
}

/** What ends a match while the key stays as it is: nothing, for a record of the key. */
function endsOf(one: Matched): readonly MatchEnd[] {
  const record = recordOf(one);
  if (record === undefined || (record.usage === 3 && record.selector === 1)) return [];
  const summaries = one.chain.tls.chain.slice(0, MOST_LINES).map((der) => summarizeCertificate(der));
  const ends = summaries.map((summary, index): MatchEnd | undefined => {
    if (summary.kind !== 'ok') return undefined;
    const { notAfter: at, subject } = summary.value;
    if (record.usage === 3) {
      if (index > 0) return undefined;
      const because =
        'the record is of the certificate itself, which is replaced when it is renewed; it ends at';
      return { at, soonMs: RENEWAL_MS, record, because };
    }
    const because = `under usage 2 dates count, and the certificate of ${subject || 'no name'} ends at`;
    return { at, soonMs: index === 0 ? FORGOTTEN_MS : RENEWAL_MS, record, because };
  });
  return ends.filter((end) => end !== undefined);
}

function fits(record: TlsaRecord, { chain }: Matched, { names }: DaneDemand): boolean {
  const set = { usable: [record], superseded: [], unusable: [] };
  // Of usage 3, so no date counts.
  return verifyDane(chain.tls, set, names, 0).kind === 'match';
}

function keyOf(der: Uint8Array | undefined): string | undefined {
  const summary = der === undefined ? undefined : summarizeCertificate(der);
  return summary?.kind === 'ok' ? summary.value.spkiSha256 : undefined;
}

const MOST_LINES = 10;
