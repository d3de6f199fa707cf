/**
 * What the memory expects of a host that mail may go to now, and what it would demand of it.
 *
 * What the domain itself says in a way that nobody on the path can forge stands over what was only seen: it may move to
 * other hosts, take its TLSA records away and end its MTA-STS policy, and no mail waits for that. What nobody can prove,
 * MX records that are not signed, a zone or a policy that is gone, does not.
 */
import { formatMoment } from '../../names/calendar.ts';
import type { Domain } from '../../names/domain.ts';
import type { DanePlan } from '../dane/plan.ts';
import type { DestinationFacts } from '../destination.ts';
import { matchingMx } from '../list/policy-list.ts';
import { matchingPattern } from '../mta-sts/match.ts';
import type { EpochMs } from '../words.ts';
import { stateOf, type Track, type TrackLevel, type TrackState, type TrackTerms } from './track.ts';

/** `off`: nothing is remembered; `observe`: nothing waits for it, what would is told; `enforce`: mail waits. */
export type MemoryMode = 'off' | 'observe' | 'enforce';

export interface MemorySettings extends TrackTerms {
  readonly mode: MemoryMode;
}

export interface RememberedTrack extends Track {
  readonly state: TrackState;
}

/** What is remembered of a domain, as it stands at one moment. */
export interface MemoryFacts {
  readonly mode: MemoryMode;
  readonly giveWayAfterMs: number;
  readonly tracks: readonly RememberedTrack[];
}

/** @returns undefined where the memory is switched off. */
export function memoryFrom(
  tracks: readonly Track[],
  now: EpochMs,
  { mode, ...terms }: MemorySettings,
): MemoryFacts | undefined {
  if (mode === 'off') return undefined;
  const known = tracks.map((track) => ({ ...track, state: stateOf(track, now, terms) }));
  return { mode, giveWayAfterMs: terms.giveWayAfterMs, tracks: known };
}

/** What is expected of a host, and because of what. */
export interface Expectation {
  readonly level: TrackLevel;
  readonly track: RememberedTrack;
  readonly because: string;
}

/** The least that a delivery to the host has to reach by what was seen; undefined: nothing is expected. */
export function expectationAt(
  facts: DestinationFacts,
  host: Domain,
  plan: DanePlan,
): Expectation | undefined {
  const { memory } = facts;
  if (memory === undefined) return undefined;
  const track = authenticatedBefore(facts, host, plan) ?? encryptedBefore(memory, host);
  if (track === undefined) return undefined;
  return { level: track.level, track, because: sentence(track, host, memory) };
}

/** Whether sessions with the host have proved often enough that it takes mail for the domain. */
export function isProvenBefore(facts: DestinationFacts, host: Domain): boolean {
  return facts.memory?.mode === 'enforce' && wasProven(facts, host);
}

/** The same, also where the memory only observes. What would go on by itself after the policy has ended, never would end. */
export function wasProven(facts: DestinationFacts, host: Domain): boolean {
  const { memory } = facts;
  const own = memory === undefined ? undefined : expectedTrack(memory, host, 'authenticate');
  return own !== undefined && !hasEndedPolicy(facts, own);
}

function authenticatedBefore(
  facts: DestinationFacts,
  host: Domain,
  plan: DanePlan,
): RememberedTrack | undefined {
  const { memory } = facts;
  if (memory === undefined) return undefined;
  const own = expectedTrack(memory, host, 'authenticate');
  if (own !== undefined) {
    const isOver = hasEndedPolicy(facts, own) || (own.proof === 'tlsa' && areWithdrawn(facts, host, plan));
    return isOver ? undefined : own;
  }
  const whole = expectedTrack(memory, null, 'authenticate');
  if (whole === undefined || isVouchedFor(facts, host) || hasEndedPolicy(facts, whole)) return undefined;
  return whole;
}

function encryptedBefore(memory: MemoryFacts, host: Domain): RememberedTrack | undefined {
  return expectedTrack(memory, host, 'encrypt') ?? expectedTrack(memory, null, 'encrypt');
}

function expectedTrack(
  { tracks }: MemoryFacts,
  host: Domain | null,
  level: TrackLevel,
): RememberedTrack | undefined {
  return tracks.find((track) => track.host === host && track.level === level && track.state === 'expected');
}

/**
 * The mode `none`, fetched over HTTPS, is the domain's own word that it has no policy any more (RFC 8461 §8.3). What was
 * authenticated after that did not stand on the policy, nor did what TLSA records have authenticated.
 */
function hasEndedPolicy({ sts }: DestinationFacts, { lastAt, proof }: Track): boolean {
  if (proof === 'tlsa') return false;
  if (sts.kind === 'policy' || sts.known === null) return false;
  return sts.known.policy.mode === 'none' && sts.known.fetchedAt >= lastAt;
}

/** Signed DNS says that the host has no TLSA records any more, or only such that authenticate nobody. */
function areWithdrawn({ hosts }: DestinationFacts, host: Domain, plan: DanePlan): boolean {
  if (plan.kind === 'encrypt') return true;
  const known = hosts.find(({ facts }) => facts.host === host)?.facts;
  return known?.kind === 'found' && known.tlsa.kind === 'absent' && known.tlsa.proven === true;
}

/** Whether the domain itself says, or the policy list, and nobody on the path can have, that the host takes its mail. */
function isVouchedFor({ way, sts, list, domain }: DestinationFacts, host: Domain): boolean {
  if (way.kind === 'configured' || host === domain) return true;
  if ((way.kind === 'hosts' || way.kind === 'implicit') && way.status === 'secure') return true;
  if (list?.kind === 'policy' && matchingMx(list.policy, host) !== undefined) return true;
  return sts.kind === 'policy' && matchingPattern(sts.known.policy, host) !== undefined;
}

const DAY_MS = 86_400_000;

function sentence(
  { domain, host: of, level, since, sessions, against }: RememberedTrack,
  host: Domain,
  { giveWayAfterMs }: MemoryFacts,
): string {
  const how = level === 'authenticate' ? 'was authenticated' : 'has gone over TLS';
  const where =
    of !== null ? `to ${of}` : level === 'authenticate' ? `at hosts that ${domain} vouched for` : '';
  const seen = `mail for ${domain} ${how} ${where === '' ? '' : `${where} `}in each session since ${dayText(since)} (${sessions})`;
  const stranger =
    of === null && level === 'authenticate' ? `, and nothing proves that ${host} is one of them` : '';
  const began = against === null ? '' : `; the contrary is seen since ${momentText(against.since)}`;
  return `${seen}${stranger}; the memory gives way once the contrary is seen for ${showDays(giveWayAfterMs)}${began}`;
}

function showDays(ms: number): string {
  if (ms % DAY_MS === 0) return ms === DAY_MS ? 'a day' : `${ms / DAY_MS} days`;
  const minutes = Math.round(ms / 60_000);
  if (minutes < 100) return minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return `${Math.round(minutes / 60)} hours`;
}

function dayText(at: EpochMs): string {
  return momentText(at).slice(0, '2026-11-28'.length);
}

function momentText(at: EpochMs): string {
  return formatMoment(Math.floor(at / 1000));
}
