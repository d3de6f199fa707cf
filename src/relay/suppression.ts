/**
 * Recipients to whom bulk mail does not arrive: after so many messages that came back for good, none is taken for them.
 *
 * Only what is proven counts: what a host told us itself, and reports to an address that carries our tag. Else anybody who
 * can write a report could silence anybody.
 */
import { counted } from '../names/count.ts';
import type { Mailbox } from '../names/mailbox.ts';
import type { Refusal } from '../protocols/smtp/server/state.ts';
import type { Bounce, ClientStore, Suppression, SuppressionRule } from '../store/client-store.ts';

/** How often those are forgotten that came back too seldom. */
const FORGET_EVERY_MS = 60 * 60_000;
const FLUSH_EVERY_MS = 2_000;
/** Kept until they are written; more are not counted. */
const MOST_PENDING = 10_000;

export interface Suppressions {
  /** @returns why nothing is taken for this recipient; undefined: it is. */
  refusal(recipient: Mailbox): Refusal | undefined;
  /** A message to this recipient came back. */
  note(bounce: Omit<Bounce, 'address'> & { readonly recipient: Mailbox }, rule: SuppressionRule): void;
  flush(): void;
  close(): void;
}

export interface SuppressionParts {
  readonly store: ClientStore['suppressions'];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  readonly onError: (what: string, error: unknown) => void;
}

export function openSuppressions({ store, now, onOddity, onError }: SuppressionParts): Suppressions {
  let pending: Bounce[] = [];
  /** The one of the last bounce. */
  let inForce: SuppressionRule | undefined;
  let lookedAt = now();

  function flush(): void {
    const rule = inForce;
    if (rule === undefined) return;
    try {
      if (pending.length > 0) {
        const fresh = store.add(pending, rule);
        pending = [];
        for (const { address, times, status } of fresh) {
          const about = { recipient: address, status };
          onOddity(`no bulk mail is taken any more for a recipient: ${comeBack(times.length)}`, about);
        }
      }
      if (now() - lookedAt < FORGET_EVERY_MS) return;
      lookedAt = now();
      store.forget(now() - rule.withinMs);
    } catch (error) {
      // They stay, and are written with the next ones.
      onError('writing down who is suppressed', error);
    }
  }
  /** Mail does not wait for the list: without it, it is taken, and comes back once more at worst. */
  function look(address: string): Suppression | undefined {
    try {
      return store.of(address);
    } catch (error) {
      onError('looking up who is suppressed', error);
      return undefined;
    }
  }

  const timer = setInterval(flush, FLUSH_EVERY_MS);
  timer.unref();

  return {
    refusal(recipient) {
      const found = look(keyOf(recipient));
      return found === undefined || found.suppressedAt === null ? undefined : refusalOf(found);
    },
    note({ recipient, at, status, diagnostic }, rule) {
      inForce = rule;
      if (pending.length < MOST_PENDING) pending.push({ address: keyOf(recipient), at, status, diagnostic });
    },
    flush,
    close() {
      clearInterval(timer);
      flush();
    },
  };
}

/** What is said of a mailbox; 554 is of the whole transaction (RFC 5321 §4.2.3). */
const OF_MAILBOX: ReadonlySet<number> = new Set([550, 551, 553]);

/**
 * Whether a status says for good that this recipient cannot be reached.
 *
 * Left out is what a host says of the message, of us or of itself, and would say of any recipient there: that it does not
 * like the sender (5.1.7, 5.1.8), size (5.2.3), the host's own state (5.3.1 to 5.3.5), the protocol (5.5), content (5.6), and
 * policy (5.7). RFC 3463 §3.
 *
 * @param code of the reply, where that is known: 5.0.0 stands for one without a status, which says less.
 */
export function isHard(status: string, code?: number): boolean {
  if (status === '5.0.0' && code !== undefined && !OF_MAILBOX.has(code)) return false;
  return status.startsWith('5.') && !/^5\.(?:[567]\.|1\.[78]$|2\.3$|3\.[1-5]$)/.test(status);
}

/** 5.1.1: whoever keeps the list knows what to do with it. The command is without the address, which a shell could run. */
function refusalOf({ address, times, status, suppressedAt }: Suppression): Refusal {
  const since = new Date(suppressedAt ?? 0).toISOString().slice(0, 10);
  const text = `${address} is suppressed since ${since}, as ${comeBack(times.length)} (${status}); "waxwing queue suppressed" shows and lifts it`;
  return { code: 550, enhanced: '5.1.1', text };
}

function comeBack(times: number): string {
  return `${counted(times, 'message')} came back for good`;
}

function keyOf({ text }: Mailbox): string {
  return text.toLowerCase();
}
