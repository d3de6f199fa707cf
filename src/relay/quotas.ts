/**
 * Quotas: how much an account or a network may send in an hour and in a day, also over restarts.
 *
 * A window begins with the first message in it and ends an hour or a day later, so that whoever is refused can be told
 * when it goes on. A message counts with its MAIL, a recipient with its RCPT, whatever becomes of them.
 */
import type { Refusal } from '../protocols/smtp/server/state.ts';
import type { ClientStore, QuotaCount } from '../store/client-store.ts';
import { isWithinOneOf } from './networks.ts';
import type { Network } from './settings.ts';

/** null: no limit. */
export interface Quota {
  readonly messagesPerHour: number | null;
  readonly messagesPerDay: number | null;
  readonly recipientsPerHour: number | null;
  readonly recipientsPerDay: number | null;
}

export const noQuota: Quota = {
  messagesPerHour: null,
  messagesPerDay: null,
  recipientsPerHour: null,
  recipientsPerDay: null,
};

/** All clients in these networks together. */
export interface NetworkQuota {
  readonly networks: readonly Network[];
  /** How it is called in answers, lists and the store. */
  readonly name: string;
  readonly quota: Quota;
}

/** Whose quota it is. */
export interface QuotaHolder {
  /** `account anna`, `network 192.0.2.0/24`. */
  readonly subject: string;
  readonly quota: Quota;
}

export interface Quotas {
  /** Counts one for each holder, or for none where it is too many for one of them. */
  spend(what: 'messages' | 'recipients', holders: readonly QuotaHolder[]): Refusal | undefined;
  /** Windows that are open, in the order of their subjects. */
  list(): readonly QuotaCount[];
  /** Who has spent here while a window of his was open, with the quota that he had then. */
  holders(): readonly QuotaHolder[];
  /** Writes what has changed since. */
  flush(): void;
  close(): void;
}

const FLUSH_EVERY_MS = 5_000;
/** For so long a process may let through what others have used up. */
const SHARED_EVERY_MS = 1_000;
const PERIODS = { hour: 60 * 60_000, day: 24 * 60 * 60_000 } as const;

type Period = keyof typeof PERIODS;
/** What is known of it from all processes, and what of that is this one's and not written yet. */
type Window = { -readonly [Key in keyof QuotaCount]: QuotaCount[Key] } & {
  unwritten: { messages: number; recipients: number };
};

export interface QuotaParts {
  readonly store: ClientStore['quotas'];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onError: (what: string, error: unknown) => void;
  /** Whether other processes count in the same store: what they have let through is learnt every second. */
  readonly shared?: boolean;
}

/** @throws StoreError where the counts of before cannot be read. */
export function openQuotas({ store, now, onError, shared = false }: QuotaParts): Quotas {
  const windows = new Map<string, Window>();
  const changed = new Set<Window>();
  const spenders = new Map<string, Quota>();

  /** @throws StoreError */
  function learn(): void {
    for (const count of store.list()) {
      const known = windows.get(keyOf(count));
      if (known === undefined) windows.set(keyOf(count), { ...count, ...nothingYet() });
      else if (!changed.has(known)) Object.assign(known, count);
    }
  }
  learn();

  /** That of now; its end makes way for the next one, as does a clock that was set back behind its beginning. */
  function windowOf(subject: string, period: Period): Window {
    const key = keyOf({ subject, period });
    const open = windows.get(key);
    const at = now();
    if (open !== undefined && at >= open.since && at < open.since + PERIODS[period]) return open;
    const fresh: Window = { subject, period, since: at, messages: 0, recipients: 0, ...nothingYet() };
    if (open !== undefined) changed.delete(open);
    windows.set(key, fresh);
    return fresh;
  }

  function isOpen(subject: string): boolean {
    return (['hour', 'day'] as const).some((period) => windows.has(keyOf({ subject, period })));
  }

  function flush(): void {
    const ended = [...windows.values()].filter((window) => now() >= endOfWindow(window));
    for (const window of ended) {
      windows.delete(keyOf(window));
      changed.delete(window);
    }
    for (const { subject } of ended) if (!isOpen(subject)) spenders.delete(subject);
    try {
      if (changed.size > 0 || ended.length > 0) {
        const counted = [...changed].map(({ unwritten, ...count }) => ({ ...count, ...unwritten }));
        store.add(counted, now());
        for (const window of changed) Object.assign(window, nothingYet());
        changed.clear();
      }
      if (shared) learn();
    } catch (error) {
      // They stay changed, and are written with the next ones.
      onError('writing the counts of quotas', error);
    }
  }
  const timer = setInterval(flush, shared ? SHARED_EVERY_MS : FLUSH_EVERY_MS);
  timer.unref();

  return {
    spend(what, holders) {
      const spent: Window[] = [];
      for (const { subject, quota } of holders) {
        for (const period of ['hour', 'day'] as const) {
          const limit = limitOf(quota, what, period);
          if (limit === null) continue;
          const window = windowOf(subject, period);
          if (window[what] >= limit) return refusalOf(what, window, limit);
          spent.push(window);
          spenders.set(subject, quota);
        }
      }
      for (const window of spent) {
        window[what] += 1;
        window.unwritten[what] += 1;
        changed.add(window);
      }
      return undefined;
    },
    holders: () => [...spenders].map(([subject, quota]) => ({ subject, quota })),
    list: () =>
      openWindows([...windows.values()], now()).map(({ subject, period, since, messages, recipients }) => {
        return { subject, period, since, messages, recipients };
      }),
    flush,
    close() {
      clearInterval(timer);
      flush();
    },
  };
}

function nothingYet(): Pick<Window, 'unwritten'> {
  return { unwritten: { messages: 0, recipients: 0 } };
}

/** Those that have not ended, in the order of their subjects. */
export function openWindows<Count extends QuotaCount>(
  counts: readonly Count[],
  now: number,
): readonly Count[] {
  return counts
    .filter((count) => now < endOfWindow(count))
    .toSorted((a, b) => a.subject.localeCompare(b.subject) || a.since - b.since);
}

/** What is used up of one quota, with its limits. */
export interface QuotaUsage extends QuotaCount {
  readonly until: number;
  readonly mostMessages: number | null;
  readonly mostRecipients: number | null;
}

/** @returns open windows of those who have a quota still. */
export function usageOf(
  counts: readonly QuotaCount[],
  holders: readonly QuotaHolder[],
): readonly QuotaUsage[] {
  const quotas = new Map(holders.map(({ subject, quota }) => [subject, quota]));
  return counts.flatMap((count) => {
    const quota = quotas.get(count.subject);
    if (quota === undefined) return [];
    const mostMessages = limitOf(quota, 'messages', count.period);
    const mostRecipients = limitOf(quota, 'recipients', count.period);
    return [{ ...count, until: endOfWindow(count), mostMessages, mostRecipients }];
  });
}

/** Everybody who has one. */
export function allHolders(
  accounts: readonly { readonly user: string; readonly quota: Quota }[],
  networks: readonly NetworkQuota[],
): readonly QuotaHolder[] {
  return [
    ...accounts.map(({ user, quota }) => ({ subject: accountSubject(user), quota })),
    ...networks.map(({ name, quota }) => ({ subject: networkSubject(name), quota })),
  ].filter(({ quota }) => !isUnlimited(quota));
}

/** When a window ends, milliseconds since 1970. */
function endOfWindow({ since, period }: Pick<QuotaCount, 'since' | 'period'>): number {
  return since + PERIODS[period];
}

function limitOf(quota: Quota, what: 'messages' | 'recipients', period: Period): number | null {
  if (what === 'messages') return period === 'hour' ? quota.messagesPerHour : quota.messagesPerDay;
  return period === 'hour' ? quota.recipientsPerHour : quota.recipientsPerDay;
}

function isUnlimited(quota: Quota): boolean {
  return Object.values(quota).every((limit) => limit === null);
}

/** Those of a client: its account's, and that of each list of networks that it is in. */
export function holdersOf(
  account: { readonly user: string; readonly quota: Quota } | undefined,
  address: string,
  networks: readonly NetworkQuota[],
): readonly QuotaHolder[] {
  const own =
    account === undefined || isUnlimited(account.quota)
      ? []
      : [{ subject: accountSubject(account.user), quota: account.quota }];
  if (networks.length === 0) return own;
  const shared = networks
    .filter((one) => isWithinOneOf(one.networks, address))
    .map(({ name, quota }) => ({ subject: networkSubject(name), quota }));
  return [...own, ...shared];
}

/** RFC 5321 §4.2.3 has 450 for what is "temporarily blocked for policy reasons"; after 452 the rest would come at once. */
function refusalOf(what: string, window: Window, limit: number): Refusal {
  const until = `${new Date(endOfWindow(window)).toISOString().slice(0, 19)}Z`;
  const text = `the quota of ${limit} ${what} ${window.period === 'hour' ? 'an hour' : 'a day'} is used up; it goes on at ${until}`;
  return { code: 450, enhanced: '4.7.1', text };
}

function accountSubject(user: string): string {
  return `account ${user}`;
}

function networkSubject(name: string): string {
  return `network ${name}`;
}

function keyOf({ subject, period }: Pick<QuotaCount, 'subject' | 'period'>): string {
  return `${period} ${subject}`;
}
