/**
 * What is known of clients, within bounds.
 *
 * A client is an IPv4 address or a /64 of IPv6: a customer has at least that many addresses (RFC 6177 §2).
 */
import { isIPv6 } from 'node:net';
import { groupsOf } from '../names/address.ts';

/** Fills as things happen and drains with time: so many at once, and as many again in each period. */
interface Bucket {
  level: number;
  at: number;
}

type Counted = 'connections' | 'messages' | 'recipients' | 'failures' | 'unknown';

/** The buckets come with their first use: most clients only connect. */
export interface Client {
  readonly key: string;
  sessions: number;
  seenAt: number;
  readonly buckets: Partial<Record<Counted, Bucket>>;
}

const MINUTE = 60_000;
/** Failed logins count together for so long; what else is known of a client is forgotten after the same time. */
export const LOGIN_PERIOD = 10 * MINUTE;
const LONGEST_BLOCK = 24 * 60 * MINUTE;
/** For so long after its end a block makes the next one longer. */
const GRUDGE = 24 * 60 * MINUTE;
/** Clients that were here, and clients that are blocked: some tens of megabytes where both are full. */
const MAX_KNOWN = 100_000;

/**
 * Counts one thing that a client does.
 *
 * @returns false, and counts nothing, where it has done `limit` of them within about `period` ms.
 */
export function spend(client: Client, what: Counted, limit: number, period: number, now: number): boolean {
  if (limit === Number.POSITIVE_INFINITY) return true;
  const bucket = (client.buckets[what] ??= { level: 0, at: now });
  // A clock that was put back drains nothing, and does not fill either.
  const drained = (Math.max(0, now - bucket.at) / period) * limit;
  bucket.level = Math.max(0, bucket.level - drained);
  bucket.at = now;
  if (bucket.level + 1 > limit) return false;
  bucket.level += 1;
  return true;
}

/** Whether {@link spend} would say no, without counting. */
export function isSpent(client: Client, what: Counted, limit: number, period: number, now: number): boolean {
  const bucket = client.buckets[what];
  if (limit === Number.POSITIVE_INFINITY || bucket === undefined) return false;
  const drained = (Math.max(0, now - bucket.at) / period) * limit;
  return Math.max(0, bucket.level - drained) + 1 > limit;
}

export interface ClientTable {
  of(key: string): Client;
  /** One more session. */
  enter(client: Client): void;
  leave(client: Client): void;
}

/** Who is here, which cannot be forgotten, and who was here lately, the least recent first. */
export function clientTable(now: () => number): ClientTable {
  const here = new Map<string, Client>();
  const gone = new Map<string, Client>();

  function remember(client: Client): void {
    client.seenAt = now();
    gone.delete(client.key);
    for (const [oldest, { seenAt }] of gone) {
      if (gone.size < MAX_KNOWN && now() < seenAt + LOGIN_PERIOD) break;
      gone.delete(oldest);
    }
    gone.set(client.key, client);
  }

  return {
    of(key) {
      const present = here.get(key);
      if (present !== undefined) return present;
      const client = gone.get(key) ?? { key, sessions: 0, seenAt: now(), buckets: {} };
      remember(client);
      return client;
    },
    enter(client) {
      client.sessions += 1;
      gone.delete(client.key);
      here.set(client.key, client);
    },
    leave(client) {
      client.sessions -= 1;
      if (client.sessions > 0) return;
      here.delete(client.key);
      remember(client);
    },
  };
}

export interface BlockTable {
  holds(key: string): boolean;
  /**
   * Blocks for ten minutes, and for twice as long each time that it comes to that again.
   *
   * @returns until when, in milliseconds since 1970.
   */
  add(key: string): number;
}

/**
 * Who failed to log in too often, apart from who was merely here: an attacker with many addresses pushes nobody
 * out of this table by connecting, only by failing as often as it takes to be blocked, from each of them.
 */
export function blockTable(now: () => number): BlockTable {
  const blocks = new Map<string, { readonly until: number; readonly times: number }>();
  return {
    holds(key) {
      const left = (blocks.get(key)?.until ?? Number.NEGATIVE_INFINITY) - now();
      // No block is longer, unless the clock was set back: that must not make it one of a day.
      return left > 0 && left <= LONGEST_BLOCK;
    },
    add(key) {
      const last = blocks.get(key);
      const times = last === undefined || now() > last.until + GRUDGE ? 0 : last.times + 1;
      blocks.delete(key);
      for (const [oldest, { until }] of blocks) {
        if (blocks.size < MAX_KNOWN && now() <= until + GRUDGE) break;
        blocks.delete(oldest);
      }
      const until = now() + Math.min(LONGEST_BLOCK, LOGIN_PERIOD * 2 ** times);
      blocks.set(key, { until, times });
      return until;
    },
  };
}

/** The range that an address is in: those that share its first bits. */
export function networkOf(
  address: string,
  prefixes: { readonly ipv4: number; readonly ipv6: number },
): string {
  const plain = address.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/, '');
  const [parts, width, prefix] = isIPv6(plain)
    ? [groupsOf(plain), 16, prefixes.ipv6]
    : [plain.split('.').map(Number), 8, prefixes.ipv4];
  const kept = parts.map((part, index) => {
    const cut = width - Math.min(width, Math.max(0, prefix - index * width));
    return (part >> cut) << cut;
  });
  const text = width === 8 ? kept.join('.') : kept.map((part) => part.toString(16)).join(':');
  return `${text}/${prefix}`;
}

/** An IPv4 address as it is; of an IPv6 address the first 64 bits. */
export function clientOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  // One spelling for each address, hexadecimal groups only.
  const [head = '', tail] = new URL(`http://[${plain}]/`).hostname.slice(1, -1).split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const behind = (tail ?? '').split(':').filter((group) => group !== '');
  const all = [...groups, ...Array.from({ length: 8 - groups.length - behind.length }, () => '0'), ...behind];
  return all.slice(0, 4).join(':');
}
