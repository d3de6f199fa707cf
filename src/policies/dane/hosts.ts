/**
 * What the DNS says of one mail host: its addresses, and the TLSA records by which it can be authenticated.
 *
 * RFC 7672 §2.2.2 and §2.2.3. The addresses come first, always: "the SMTP client MUST perform any A and/or AAAA queries for
 * the destination before attempting to locate the associated TLSA records". There are servers that answer TLSA questions
 * with errors, all of them for zones that are not signed, and mail to those would be delayed for nothing.
 */
import type { Answer, DnssecStatus } from '../../dns/answer.ts';
import { childOf, type Name, nameOf, showName } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { readAddress } from '../../dns/records.ts';
import type { IpAddress } from '../../names/address.ts';
import { type Domain, isLocalhost, parseDomain } from '../../names/domain.ts';
import { all, type PolicyLookUp, resolve } from '../look-ups.ts';
import { readTlsaSet, type TlsaSet } from './tlsa.ts';

export type HostFacts = {
  readonly host: Domain;
  /** The least that is proven of its addresses, or of there being none. */
  readonly status: DnssecStatus;
} & (
  | {
      readonly kind: 'found';
      /** At least one; IPv4 first. */
      readonly addresses: readonly IpAddress[];
      /** The name that has them, where the host is an alias: some clients go by that one. Absent: it is none. */
      readonly owner?: Domain;
      readonly tlsa: TlsaFacts;
    }
  /** It has no address: another host may do. */
  | { readonly kind: 'absent'; readonly because: string }
  /** Its addresses could not be learnt: another host may do, and this one perhaps later. */
  | { readonly kind: 'unknown'; readonly because: string }
);

export type TlsaFacts =
  | {
      readonly kind: 'found';
      /** The TLSA base domain: the name for SNI, and the first that a certificate may prove. */
      readonly base: Domain;
      /** At least one record, usable or not. */
      readonly set: TlsaSet;
      /** What led here, one sentence each. */
      readonly evidence: readonly string[];
    }
  /** No TLSA records that are secure: DANE has nothing to say of the host. */
  | {
      readonly kind: 'absent';
      readonly because: string;
      readonly evidence: readonly string[];
      /** Whether signed DNS proves that there are none, wherever they could be; absent: no. */
      readonly proven?: true;
    }
  /** The question failed: the host must not be used (RFC 7672 §2.1.2). */
  | { readonly kind: 'unknown'; readonly because: string; readonly evidence: readonly string[] };

/** So many unusable records are told one by one. */
const MOST_TOLD = 10;

type Found = Extract<Answer, { kind: 'found' }>;

/** The names where the records may be, the better one first, and how that came out. */
interface Candidates {
  readonly bases: readonly Domain[];
  readonly evidence: readonly string[];
}

/** @param port of the host's mail service; 25, unless an operator's route says otherwise (RFC 7672 §2.2.3). */
export function* lookUpHost(host: Domain, port: number): PolicyLookUp<HostFacts> {
  if (isLocalhost(host)) return thisHost(host);
  const name = nameOf(host);
  const answers = yield* all([types.A, types.AAAA].map((type) => resolve({ name, type })));
  const found = answers.filter((answer) => answer.kind === 'found');
  const addresses = found.flatMap(({ records }) => records.flatMap((data) => readAddress(data) ?? []));
  if (addresses.length > 0) {
    const tlsa = yield* lookUpTlsa(candidatesOf(host, found), port);
    return { kind: 'found', host, status: weakest(found), addresses, ...endOf(found), tlsa };
  }
  const failed = answers.filter((answer) => answer.kind === 'unknown');
  if (failed[0] !== undefined) {
    const because = `the addresses of ${host} cannot be learnt: ${failed[0].because}`;
    return { kind: 'unknown', host, status: weakest(failed), because };
  }
  return { kind: 'absent', host, status: weakest(answers), because: `${host} has no address` };
}

function endOf(found: readonly Found[]): { readonly owner?: Domain } {
  const alias = found.find(({ aliases }) => aliases.length > 0);
  const owner = alias === undefined ? undefined : parseDomain(showName(alias.owner));
  return owner?.kind === 'ok' ? { owner: owner.value } : {};
}

/** RFC 6761 §6.3: localhost is this host, and no resolver is asked about it. */
function thisHost(host: Domain): HostFacts {
  const because = `${host} is this host, and nothing is asked about it`;
  const tlsa = { kind: 'absent', because, evidence: [because] } as const;
  return { kind: 'found', host, status: 'indeterminate', addresses: ['127.0.0.1', '::1'], tlsa };
}

/** From the best to the worst. */
const statuses: readonly DnssecStatus[] = ['secure', 'insecure', 'indeterminate', 'bogus'];

function weakest(answers: readonly Answer[]): DnssecStatus {
  const ranks = answers.map(({ status }) => statuses.indexOf(status));
  return statuses[Math.max(...ranks)] ?? 'indeterminate';
}

/** The first base domain with secure records has them all (RFC 7672 §2.2.3). */
function* lookUpTlsa({ bases, evidence }: Candidates, port: number): PolicyLookUp<TlsaFacts> {
  const seen = [...evidence];
  let because = evidence[0] ?? 'no TLSA records were asked for';
  let proofs = 0;
  for (const base of bases) {
    const place = `_${port}._tcp.${base}`;
    const name = tlsaName(base, port);
    if (name === undefined) {
      because = `${place} is too long for a name`;
      seen.push(because);
      continue;
    }
    const answer = yield* resolve({ name, type: types.TLSA });
    if (answer.kind === 'unknown') {
      because = `the TLSA records at ${place} cannot be learnt: ${answer.because}`;
      return { kind: 'unknown', because, evidence: [...seen, because] };
    }
    if (answer.kind === 'found' && answer.status === 'secure') {
      const set = readTlsaSet(answer.records);
      return { kind: 'found', base, set, evidence: [...seen, ...showSet(place, answer, set)] };
    }
    if (answer.kind === 'absent' && answer.status === 'secure') proofs += 1;
    because =
      answer.kind === 'found'
        ? `the TLSA records at ${place} are ${answer.status} and do not count`
        : `there are no TLSA records at ${place} (${answer.status})`;
    seen.push(because, ...(answer.kind === 'found' ? [answer.because] : []));
  }
  const absent = { kind: 'absent', because, evidence: seen } as const;
  return bases.length > 0 && proofs === bases.length ? { ...absent, proven: true } : absent;
}

/**
 * RFC 7672 §2.2.2: not an alias, an alias that is secure in its first step only, or one that is secure to its end. "If the
 * initial CNAME response is also insecure, DANE TLS does not apply." Names in between are never candidates.
 */
function candidatesOf(host: Domain, found: readonly Found[]): Candidates {
  const [signed] = found.filter((answer) => statusAtFirst(answer) === 'secure');
  if (signed === undefined) {
    const [answer] = found;
    const status = answer === undefined ? 'indeterminate' : statusAtFirst(answer);
    const way = `the addresses of ${host} are ${status}, so TLSA records are not asked for`;
    return { bases: [], evidence: [way, ...(answer === undefined ? [] : [answer.because])] };
  }
  const through = found.find(({ status, aliases }) => status === 'secure' && aliases.length > 0);
  if (through === undefined) {
    const isAlias = signed.aliases.length > 0;
    const way = isAlias
      ? `${host} is an alias, secure in its own zone and ${signed.status} at ${showName(signed.owner)}`
      : `the addresses of ${host} are secure`;
    return { bases: [host], evidence: [way] };
  }
  const expanded = parseDomain(showName(through.owner));
  const way = `${host} is an alias of ${showName(through.owner)}, secure all the way`;
  return { bases: expanded.kind === 'ok' ? [expanded.value, host] : [host], evidence: [way] };
}

/** What is proven of the zone of the name itself, wherever its aliases lead. */
function statusAtFirst({ status, aliases }: Found): DnssecStatus {
  return aliases[0]?.status ?? status;
}

function tlsaName(base: Domain, port: number): Name | undefined {
  const protocol = childOf('_tcp', nameOf(base));
  return protocol && childOf(`_${port}`, protocol);
}

function showSet(place: string, { aliases, owner }: Found, set: TlsaSet): readonly string[] {
  const way = aliases.length === 0 ? '' : `, an alias of ${showName(owner)}`;
  const count = set.usable.length + set.superseded.length + set.unusable.length;
  return [
    `${place}${way} has ${count} secure TLSA record${count === 1 ? '' : 's'}, ${set.usable.length} that count${set.usable.length === 1 ? 's' : ''}`,
    ...set.unusable
      .slice(0, MOST_TOLD)
      .map(({ text, because }) => `the TLSA record ${text} is unusable: it ${because}`),
  ];
}
