/** One look at a destination with held mail: whether the TLS that the mail requires can be had now. No mail command is said. */
import type { EventTls } from '../events/delivery-event.ts';
import { formatMailDomain } from '../names/mailbox.ts';
import { noRecipientWishes } from '../names/wishes.ts';
import { isInForce } from '../policies/overrides/release.ts';
import type { HeldMail, QueueStore } from '../store/queue-store.ts';
import { isByMx, openFresh, wayTo } from './attempt.ts';
import { type NextHop, nextHops } from './next-hops.ts';
import { byCourse, type Course, demandOf, type Parcel } from './parcel.ts';
import type { Pool } from './pool.ts';
import type { Outgoing, World } from './settings.ts';
import { tlsUntried } from './tls-verdict.ts';

export type Probed =
  | { readonly kind: 'nothing-held' }
  | { readonly kind: 'blocked'; readonly because: string }
  /** What is required can be had: what the trail of the mail has of it. */
  | { readonly kind: 'open'; readonly tls: EventTls };

export interface ProbeParts {
  readonly store: Pick<QueueStore, 'heldMail'>;
  readonly pool: Pool;
  readonly outgoing: Outgoing;
  readonly world: World;
}

/** So many of the recipients that are held are looked at to find out what is required. */
const SAMPLES = 50;
/** Of so many different demands each is looked at; mail with another one is tried on schedule. */
const MOST_DEMANDS = 4;

/** What some of the held mail requires. */
type Errand = Pick<Parcel, 'course' | 'sender' | 'terms'>;

export async function probe(destination: string, parts: ProbeParts): Promise<Probed> {
  const held = await parts.store.heldMail({ destination, most: SAMPLES });
  if (held.length === 0) return { kind: 'nothing-held' };
  let because = 'nothing is known of its hosts';
  for (const [index, errand] of errandsOf(held, parts).entries()) {
    const probed = await probeFor(errand, destination, parts);
    if (probed.kind === 'open') return probed;
    if (index === 0) ({ because } = probed);
  }
  return { kind: 'blocked', because };
}

/** Each demand once, that of the oldest mail first. */
function errandsOf(held: readonly HeldMail[], { outgoing, world }: ProbeParts): readonly Errand[] {
  const errands = new Map<string, Errand>();
  for (const { sender, terms, address, release: said } of held) {
    const release = said !== null && isInForce(said, world.now()) ? said : null;
    const recipients = [{ address, wishes: noRecipientWishes }];
    for (const { course } of byCourse({ sender, terms, recipients, release }, outgoing)) {
      const key = demandKey(course, terms.tls, sender === '');
      if (!errands.has(key) && errands.size < MOST_DEMANDS) errands.set(key, { course, sender, terms });
    }
  }
  return [...errands.values()];
}

function demandKey(
  { domain, route, ruled, release }: Course,
  wish: string | null,
  isBounce: boolean,
): string {
  const to = route?.to === null || route === undefined ? formatMailDomain(domain) : 'next hop';
  return [to, ruled.tls?.level, release?.level, wish, isBounce].join(' ');
}

type Looked = Exclude<Probed, { kind: 'nothing-held' }>;

async function probeFor(errand: Errand, destination: string, parts: ProbeParts): Promise<Looked> {
  const { course } = errand;
  const { outgoing, world } = parts;
  const message = demandOf(errand, outgoing);
  const fresh = { ...outgoing, lookUp: outgoing.lookUpAnew };
  const hops = await nextHops({ ...course, message }, fresh, world.random);
  if (hops.kind !== 'found') return { kind: 'blocked', because: hops.because };
  let because: string | undefined;
  for (const [index, hop] of hops.hops.entries()) {
    const others = index < hops.hops.length - 1;
    const mustPass = message?.requireTls === 'must';
    const looked = await lookAt(hop, { course, destination, others, mustPass }, parts);
    if (looked.kind === 'open') return looked;
    because ??= looked.because;
  }
  return { kind: 'blocked', because: because ?? 'it has no host' };
}

interface Look {
  readonly course: Course;
  readonly destination: string;
  /** Whether there is another host behind this one. */
  readonly others: boolean;
  /** Whether the host has to offer REQUIRETLS. */
  readonly mustPass: boolean;
}

async function lookAt(
  hop: NextHop,
  { course, destination, others, mustPass }: Look,
  { pool, outgoing }: ProbeParts,
): Promise<Looked> {
  const { decision } = hop;
  if (decision.requires === 'none')
    return { kind: 'open', tls: tlsUntried(decision, `TLS is not required any more: ${decision.because}`) };
  // Nobody is logged in for a look.
  const way = { ...wayTo(hop, course, outgoing), login: null };
  const { route } = course;
  const opening = { destination, connections: route?.connections ?? null, isShared: isByMx(route), others };
  const opened = await openFresh(way, opening, pool, []);
  if (opened.kind === 'crowded') return { kind: 'blocked', because: opened.because };
  if (opened.kind === 'broken') return { kind: 'blocked', because: becauseOf(opened.result) };
  const { session } = opened;
  // The released mail takes it, where it comes at once.
  pool.giveBack(session, 'reusable');
  if (mustPass && !session.offers.has('REQUIRETLS'))
    return { kind: 'blocked', because: `${hop.host} does not offer REQUIRETLS` };
  const because = `a look at ${hop.host} found the TLS that is required: ${session.tls.because}`;
  return { kind: 'open', tls: { ...session.tls, outcome: null, because } };
}

function becauseOf({ verdict, tls }: { readonly verdict: object; readonly tls: EventTls }): string {
  return 'because' in verdict && typeof verdict.because === 'string' ? verdict.because : tls.because;
}
