/** What a session has shown, kept so that rules can be tried on it, and the gathering of many. */
import { formatMoment } from '../names/calendar.ts';
import { isVouchedFor } from '../policies/combine.ts';
import { daneAt } from '../policies/dane/plan.ts';
import { verifyDane } from '../policies/dane/verify.ts';
import { isSecure } from '../policies/demand.ts';
import { matchingMx } from '../policies/list/policy-list.ts';
import { expectationAt } from '../policies/memory/expect.ts';
import { matchingPattern } from '../policies/mta-sts/match.ts';
import type { SeenCount, SeenSession } from '../policies/report-only/seen.ts';
import { printableName } from '../tls/identity.ts';
import { readCertificate } from '../tls/raw-certificate.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { Dialled, Way } from './session.ts';

/**
 * What is kept of one session.
 *
 * @param remembered why TLS was not tried, where it failed a while ago; null where it was.
 * @param now milliseconds since 1970.
 * @returns undefined where it does not say what TLS there is, or where none is to be tried.
 */
export function seenInSession(
  { hop, protocol, decision }: Pick<Way, 'hop' | 'protocol' | 'decision'>,
  opened: Dialled,
  remembered: string | null,
  now: number,
): SeenSession | undefined {
  const { destination, host: name } = hop;
  const found = destination?.hosts.find(({ facts }) => facts.host === name)?.facts;
  if (destination === undefined || found?.kind !== 'found') return undefined;
  if (protocol !== 'smtp' || decision.tryTls === 'no') return undefined;
  const came = howFar(opened, remembered);
  if (came === undefined) return undefined;
  const { host, tlsa } = found;
  const { domain, way, sts, list } = destination;
  const plan = daneAt(tlsa);
  const expected = expectationAt(destination, host, plan);
  const facts = came.kind === 'done' ? came.facts : undefined;
  return {
    domain,
    host,
    vouched: isVouchedFor(destination, host),
    signed: isSecure(way),
    tls: came.kind,
    certificate: facts === undefined ? null : certificateOf(facts),
    tlsa: decision.dane === null ? 'none' : matchOf(facts, decision.dane, now),
    sts:
      sts.kind === 'policy'
        ? { mode: sts.known.policy.mode, lists: matchingPattern(sts.known.policy, host) !== undefined }
        : null,
    list:
      list?.kind === 'policy'
        ? { mode: list.policy.mode, names: matchingMx(list.policy, host) !== undefined }
        : null,
    memory: expected === undefined ? null : { level: expected.level, own: expected.track.host !== null },
  };
}

type Came = { readonly kind: 'clear' | 'failed' } | { readonly kind: 'done'; readonly facts: TlsFacts };

function howFar(opened: Dialled, remembered: string | null): Came | undefined {
  if (opened.kind === 'broken') return undefined;
  if (opened.kind === 'session') {
    const facts = opened.session.connection.channel.tls;
    if (facts !== undefined) return { kind: 'done', facts };
    return { kind: remembered === null ? 'clear' : 'failed' };
  }
  switch (opened.outcome.kind) {
    case 'notOffered':
    case 'startTlsRefused':
      return { kind: 'clear' };
    case 'tlsFailed':
      return { kind: 'failed' };
    case 'unacceptable':
      return { kind: 'done', facts: opened.outcome.facts };
    case 'refused':
    case 'loginRefused':
    case 'loginNotOffered':
      return undefined;
  }
}

function certificateOf({ chain: [leaf], path }: TlsFacts): SeenSession['certificate'] {
  if (leaf === undefined) return null;
  const raw = readCertificate(leaf);
  const all = raw.kind === 'ok' ? raw.value.dnsNames.map(printableName) : [];
  let room = MOST_CHARACTERS;
  const names = all.slice(0, MOST_NAMES).filter((name) => (room -= name.length) >= 0);
  const more = names.length < all.length;
  return { path: path.kind === 'untrusted' ? path.code : path.kind, names, more };
}

/** Of the names of one certificate; some have a hundred. */
const MOST_NAMES = 20;
const MOST_CHARACTERS = 1_000;

function matchOf(
  facts: TlsFacts | undefined,
  { set, names }: NonNullable<Way['decision']['dane']>,
  now: number,
): SeenSession['tlsa'] {
  if (facts === undefined) return 'mismatch';
  return verifyDane(facts, set, names, now).kind === 'match' ? 'match' : 'mismatch';
}

export interface SeenGatherer {
  /** @param at milliseconds since 1970. */
  add(seen: SeenSession, at: number): void;
  /** Gives away all that was gathered, and begins anew. */
  take(): readonly SeenCount[];
  /** Whether so much has gathered that it should be taken. */
  readonly isFull: boolean;
}

/** Rows until they are written down: each is a write of SQLite on the one thread of all connections. */
const MOST_GATHERED = 500;
const DAY_CHARACTERS = '2026-11-28'.length;

export function gatherSeen(): SeenGatherer {
  let counts = new Map<string, SeenCount>();
  return {
    add(seen, at) {
      const day = formatMoment(Math.floor(at / 1000)).slice(0, DAY_CHARACTERS);
      const key = `${day} ${JSON.stringify(seen)}`;
      const sessions = (counts.get(key)?.sessions ?? 0) + 1;
      counts.set(key, { day, domain: seen.domain, seen, sessions });
    },
    take() {
      const taken = [...counts.values()];
      counts = new Map();
      return taken;
    },
    get isFull() {
      return counts.size >= MOST_GATHERED;
    },
  };
}
