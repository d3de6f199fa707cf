/** The memory of who sends to us over TLS, at work: in memory, written every few seconds, bounded. */
import type { Domain } from '../names/domain.ts';
import type { Mailbox } from '../names/mailbox.ts';
import { clientOf } from '../net/clients.ts';
import {
  afterClear,
  afterTls,
  expectationOf,
  FORGET_AFTER_MS,
  type InboundKey,
  type InboundRow,
  isForgotten,
  mergedRow,
} from '../policies/memory/inbound.ts';
import type { Refusal } from '../protocols/smtp/server/state.ts';
import type { ClientStore } from '../store/client-store.ts';

/** `observe`: nothing is refused, what would be is told; `enforce`: it is told to come again. */
export type InboundMode = 'off' | 'observe' | 'enforce';

/** One message, at its MAIL. */
export interface InboundMail {
  /** As the operating system or a front wrote it. */
  readonly address: string;
  readonly sender: Mailbox | null;
  readonly overTls: boolean;
}

export interface InboundMemory {
  /** Asked at MAIL. @returns why it is not let in; undefined where it is. */
  refusal(mail: InboundMail, mode: InboundMode): Refusal | undefined;
  /**
   * Told when its content is about to come: its recipients are ours.
   *
   * @returns the row of before where the message came in clear although it was expected over TLS.
   */
  note(mail: InboundMail): InboundRow | undefined;
  /** In the order of the clients. */
  of(domain: Domain): readonly InboundRow[];
  /** @returns how many rows of the domain there were. */
  purge(domain: Domain): number;
  flush(): void;
  close(): void;
}

export interface InboundMemoryParts {
  readonly store: ClientStore['inbound'];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onError: (what: string, error: unknown) => void;
  /** Of either kind, by default 50,000: rows that expect TLS, and rows that do not yet. */
  readonly most?: number;
  /** Whether other processes write to the same store: what they have seen is learnt every half a minute. */
  readonly shared?: boolean;
  /** Of one client that do not expect TLS yet, by default 100. */
  readonly mostYoungOfClient?: number;
}

const FLUSH_EVERY_MS = 5_000;
/** It walks the table. */
const LEARN_EVERY_MS = 30_000;
const MOST = 50_000;
/** A client that names a new domain each time must not push out what is known of others. */
const MOST_YOUNG_OF_CLIENT = 100;

/** @throws StoreError where what was kept cannot be read. */
export function openInboundMemory(parts: InboundMemoryParts): InboundMemory {
  const { store, now, onError, most = MOST, mostYoungOfClient = MOST_YOUNG_OF_CLIENT } = parts;
  // Those that expect something are apart: whoever makes many young ones pushes out young ones only.
  const old = new Map<string, InboundRow>();
  const young = new Map<string, InboundRow>();
  const youngOfClient = new Map<string, number>();
  const changed = new Map<string, InboundRow>();
  const gone = new Map<string, InboundKey>();

  const rowOf = (key: string): InboundRow | undefined => old.get(key) ?? young.get(key);

  function removeYoung(key: string): void {
    const row = young.get(key);
    if (row === undefined) return;
    young.delete(key);
    const left = (youngOfClient.get(row.client) ?? 1) - 1;
    if (left === 0) youngOfClient.delete(row.client);
    else youngOfClient.set(row.client, left);
  }

  function drop(key: string, row: InboundKey): void {
    removeYoung(key);
    old.delete(key);
    changed.delete(key);
    gone.set(key, row);
  }

  /** @returns whether there was room for it. */
  function put(key: string, row: InboundRow): boolean {
    const isOld = expectationOf(row, now()) === 'expected';
    if (!isOld && !young.has(key) && (youngOfClient.get(row.client) ?? 0) >= mostYoungOfClient) return false;
    removeYoung(key);
    old.delete(key);
    const table = isOld ? old : young;
    for (const [oldest, { client, domain }] of table) {
      if (table.size < most) break;
      drop(oldest, { client, domain });
    }
    table.set(key, row);
    if (!isOld) youngOfClient.set(row.client, (youngOfClient.get(row.client) ?? 0) + 1);
    return true;
  }

  function keep(key: string, row: InboundRow): void {
    if (!put(key, row)) return;
    gone.delete(key);
    changed.set(key, row);
  }

  for (const row of store.list()) put(textOf(row), row);

  function flush(): void {
    if (changed.size === 0 && gone.size === 0) return;
    try {
      store.write([...changed.values()], [...gone.values()], mergedRow);
      changed.clear();
      gone.clear();
    } catch (error) {
      // They stay, and are written with the next ones.
      onError('writing the memory of inbound TLS', error);
    }
  }
  /** What others have written since the last time, and a little before. */
  function learn(): void {
    try {
      for (const row of store.seenSince(now() - LEARN_EVERY_MS * 2)) {
        const key = textOf(row);
        const known = rowOf(key);
        const next = known === undefined ? row : mergedRow(known, row);
        if (!gone.has(key) && put(key, next) && changed.has(key)) changed.set(key, next);
      }
    } catch (error) {
      onError('reading the memory of inbound TLS', error);
    }
  }
  function forget(): void {
    for (const table of [old, young])
      for (const [key, row] of table) if (isForgotten(row, now())) drop(key, row);
  }
  const timers = [setInterval(flush, FLUSH_EVERY_MS), setInterval(forget, FORGET_AFTER_MS / 90 / 24)];
  if (parts.shared === true) timers.push(setInterval(learn, LEARN_EVERY_MS));
  for (const timer of timers) timer.unref();

  return {
    refusal(mail, mode) {
      const key = mode === 'enforce' && !mail.overTls ? keyOf(mail) : undefined;
      if (key === undefined) return undefined;
      const text = textOf(key);
      const row = rowOf(text);
      if (row === undefined || expectationOf(row, now()) === 'young') return undefined;
      const noted = afterClear(row, now(), false);
      if (noted !== undefined) keep(text, noted);
      return refusalOf(row);
    },
    note(mail) {
      const key = keyOf(mail);
      if (key === undefined) return undefined;
      const text = textOf(key);
      const row = rowOf(text);
      const next = mail.overTls ? afterTls(row, key, now()) : afterClear(row, now(), true);
      if (next === row) return undefined;
      if (next === undefined) drop(text, key);
      else keep(text, next);
      return next === undefined || mail.overTls ? undefined : row;
    },
    of: (domain) =>
      [...old.values(), ...young.values()]
        .filter((row) => row.domain === domain)
        .toSorted((a, b) => a.client.localeCompare(b.client)),
    purge(domain) {
      const rows = [...old, ...young].filter(([, row]) => row.domain === domain);
      for (const [key, row] of rows) drop(key, row);
      flush();
      return rows.length;
    },
    flush,
    close() {
      for (const timer of timers) clearInterval(timer);
      flush();
    },
  };
}

/** @returns undefined for the null sender and for literals, of whom nothing is remembered. */
function keyOf({ address, sender }: InboundMail): InboundKey | undefined {
  if (sender === null || sender.at.kind === 'literal') return undefined;
  return { client: clientOf(address), domain: sender.at.domain };
}

function textOf({ client, domain }: InboundKey): string {
  return `${client} ${domain}`;
}

function refusalOf({ client, domain, since }: InboundRow): Refusal {
  const text = `mail of ${domain} from ${client} has always come over TLS since ${new Date(since).toISOString().slice(0, 10)}, and this has not: use STARTTLS`;
  return { code: 450, enhanced: '4.7.0', text };
}
