/** What can be read of mail: lists, one message with all that happened to it, and past events. */
import { type DeliveryEvent, deliveryEventNames } from '../../events/delivery-event.ts';
import { formatMailDomain, parseMailDomain } from '../../names/mailbox.ts';
import type { ListedMessage, QueueStore } from '../../store/queue-store.ts';
import type { RelayAtControl } from '../control.ts';
import {
  heldDestinationsIn,
  LISTED_AT_ONCE,
  moment,
  type QueuedMessage,
  type QueuedTrail,
  toQueuedMessage,
  toQueuedTrail,
} from '../control-api.ts';
import type { World } from '../settings.ts';
import { type Refused, refused } from './answers.ts';
import type { ApiKey } from './api-key.ts';
import { type Query, readQuery, valueOf } from './query.ts';

export interface ReadingParts {
  readonly store: Pick<QueueStore, 'list' | 'show'>;
  /** What the last look at a destination with held mail found. */
  readonly relay: Pick<RelayAtControl, 'wordsOf'>;
  readonly world: World;
}

/** One page; `next` is the `after` of the one behind it, null where there is none. */
export interface Page<Item> {
  readonly kind: 'ok';
  readonly items: readonly Item[];
  readonly next: string | null;
}

export interface ApiMessage extends QueuedMessage {
  /** The account or key that it came from. */
  readonly account: string | null;
}

export type ApiTrail = QueuedTrail & Pick<ApiMessage, 'account'>;

/** So many messages are looked at for one answer at most: a filter that few pass makes short pages, not long waits. */
const MOST_LOOKED_AT = 2_000;
export const MOST_LISTED = 100;
/** Each costs a look into the trail of a message. */
const MOST_TRAILS = 200;

export const states = [
  'open',
  'all',
  'waiting',
  'deferred',
  'attempting',
  'held',
  'delivered',
  'bounced',
  'cancelled',
] as const;
type State = (typeof states)[number];

/** Of a page: whom it is about, and where it begins and ends. */
interface Asked {
  readonly kind: 'ok';
  readonly query: Query;
  readonly domain: string | undefined;
  readonly after: string;
  readonly limit: number;
}

const everyPage = ['domain', 'since', 'limit', 'after'] as const;

function readAsked(url: string, ...more: readonly string[]): Asked | Refused {
  const query = readQuery(url, [...everyPage, ...more]);
  if (query.kind === 'refused') return query;
  const text = valueOf(query, 'domain');
  const domain = text === undefined ? undefined : parseMailDomain(text);
  if (domain?.kind === 'invalid') return refused(400, `domain: ${domain.because}`, { field: 'domain' });
  const since = valueOf(query, 'since');
  if (since !== undefined && !moment.safeParse(since).success)
    return refused(400, 'since: is a moment such as 2026-11-28T22:00:00Z', { field: 'since' });
  const limit = valueOf(query, 'limit') ?? String(MOST_LISTED);
  if (!/^[1-9][0-9]{0,2}$/.test(limit) || Number(limit) > MOST_LISTED)
    return refused(400, `limit: is a number from 1 to ${MOST_LISTED}`, {
      field: 'limit',
      limit: MOST_LISTED,
    });
  return {
    kind: 'ok',
    query,
    domain: domain === undefined ? undefined : formatMailDomain(domain.value),
    // An id begins with the time of its message, so this is just in front of all that came from then on.
    after: valueOf(query, 'after') ?? (since === undefined ? '' : Date.parse(since).toString(36)),
    limit: Number(limit),
  };
}

/** A key that may only send sees its own mail, and of other mail not even that it is there. */
function isFor(key: ApiKey, { terms }: Pick<ListedMessage, 'terms'>): boolean {
  return key.scopes.includes('read') || terms.account === key.name;
}

export async function listMessages(
  parts: ReadingParts,
  url: string,
  key: ApiKey,
): Promise<Page<ApiMessage> | Refused> {
  const asked = readAsked(url, 'state');
  if (asked.kind === 'refused') return asked;
  const { domain, limit, query } = asked;
  const state = states.find((known) => known === (valueOf(query, 'state') ?? 'open'));
  if (state === undefined) return refused(400, `state: is one of ${states.join(', ')}`, { field: 'state' });
  const which = ['all', 'delivered', 'bounced', 'cancelled'].includes(state) ? 'all' : 'open';
  const items: ApiMessage[] = [];
  let { after } = asked;
  for (let lookedAt = 0; lookedAt < MOST_LOOKED_AT; ) {
    const listed = await parts.store.list({ which, most: LISTED_AT_ONCE, after });
    const wordOf = await parts.relay.wordsOf(heldDestinationsIn(listed));
    for (const message of listed) {
      after = message.id;
      if (!isFor(key, message) || !isAbout(message, state, domain)) continue;
      items.push({ ...toQueuedMessage(message, parts.world.now(), wordOf), account: message.terms.account });
      if (items.length === limit) return { kind: 'ok', items, next: after };
    }
    if (listed.length < LISTED_AT_ONCE) return { kind: 'ok', items, next: null };
    lookedAt += listed.length;
  }
  return { kind: 'ok', items, next: after };
}

/** Whether one recipient is in that state, in that domain. */
function isAbout({ recipients }: ListedMessage, state: State, domain: string | undefined): boolean {
  return recipients.some(
    ({ address, delivery }) =>
      (domain === undefined || domainOf(address) === domain) &&
      (state === 'open' ||
        state === 'all' ||
        (state === 'deferred'
          ? delivery.kind === 'waiting' && delivery.attempts > 0
          : delivery.kind === state)),
  );
}

/** All that is known of one message. */
export async function showMessage(
  { store, world, relay }: ReadingParts,
  id: string,
  key: ApiKey,
): Promise<{ readonly kind: 'ok'; readonly trail: ApiTrail } | Refused> {
  const trail = await store.show(id);
  if (trail === undefined || !isFor(key, trail)) return noMessage(id);
  const queued = toQueuedTrail(trail, world.now(), await relay.wordsOf(heldDestinationsIn([trail])));
  return { kind: 'ok', trail: { ...queued, account: trail.terms.account } };
}

export function noMessage(id: string): Refused {
  return refused(404, `there is no message ${JSON.stringify(id)}`);
}

/**
 * Events that are past, of each message those that happened to it: in the order in which the messages came.
 *
 * They are read from the trails of the queue, where each stands since the commit that made it true; so none is missing, and
 * each message's go with it, after `keep_final`. A page ends with a whole message.
 */
export async function pastEvents(
  { store }: ReadingParts,
  url: string,
  key: ApiKey,
): Promise<Page<DeliveryEvent> | Refused> {
  const asked = readAsked(url, 'event');
  if (asked.kind === 'refused') return asked;
  const { domain, limit, query } = asked;
  const name = valueOf(query, 'event');
  const wanted = deliveryEventNames.find((known) => known === name);
  if (name !== undefined && wanted === undefined)
    return refused(400, `event: is one of ${deliveryEventNames.join(', ')}`, { field: 'event' });
  const items: DeliveryEvent[] = [];
  let { after } = asked;
  for (let lookedAt = 0; lookedAt < MOST_TRAILS; ) {
    const most = Math.min(LISTED_AT_ONCE, MOST_TRAILS - lookedAt);
    const listed = await store.list({ which: 'all', most, after });
    const trails = await Promise.all(listed.filter((one) => isFor(key, one)).map(({ id }) => store.show(id)));
    const byId = new Map(trails.flatMap((trail) => (trail === undefined ? [] : [[trail.id, trail]])));
    for (const { id } of listed) {
      after = id;
      const events = byId.get(id)?.events ?? [];
      items.push(...events.filter((event) => isWanted(event, wanted, domain)));
      if (items.length >= limit) return { kind: 'ok', items, next: after };
    }
    if (listed.length < most) return { kind: 'ok', items, next: null };
    lookedAt += listed.length;
  }
  return { kind: 'ok', items, next: after };
}

function isWanted(
  { event, to }: DeliveryEvent,
  wanted: string | undefined,
  domain: string | undefined,
): boolean {
  return (wanted === undefined || event === wanted) && (domain === undefined || domainOf(to) === domain);
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
