/** Whether a backend has a mailbox: asked there, remembered here. */

import type { Mailbox } from '../names/mailbox.ts';
import { formatTarget } from '../policies/overrides/route.ts';
import type { Reply } from '../protocols/smtp/reply.ts';
import type { LocalDomain } from './domains.ts';
import { type WaitingLine, waitingLine } from './waiting-line.ts';

export type CalloutAnswer =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  /** A no for good that says nothing about the mailbox's existence, such as a full one: mail would get the same. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  /** The backend gave no answer, for now. */
  | { readonly kind: 'undecided'; readonly because: string };

/** Asks the backend itself; never rejects for what the world does. */
export type Probe = (domain: LocalDomain, mailbox: Mailbox) => Promise<CalloutAnswer>;

export interface Callouts {
  ask(domain: LocalDomain, mailbox: Mailbox): Promise<CalloutAnswer>;
}

const MINUTE = 60_000;
const KNOWN_FOR = 60 * MINUTE;
const UNKNOWN_FOR = 5 * MINUTE;
/** A yes this old still stands where the backend cannot be asked. */
const KNOWN_WITHOUT_BACKEND_FOR = 24 * 60 * MINUTE;
const MOST_REMEMBERED = 10_000;
export const CONNECTIONS_PER_BACKEND = 5;
const MOST_WAITING_PER_BACKEND = 100;

/** @param now milliseconds since 1970. */
export function startCallouts(probe: Probe, now: () => number): Callouts {
  // Apart, so that nobody who tries out names pushes the good answers out.
  const known = memory(now);
  const unknown = memory(now);
  const underWay = new Map<string, Promise<CalloutAnswer>>();
  const lines = new Map<string, WaitingLine>();

  function lineOf({ backend }: LocalDomain): WaitingLine {
    const key = formatTarget(backend);
    const line = lines.get(key) ?? waitingLine(CONNECTIONS_PER_BACKEND, MOST_WAITING_PER_BACKEND);
    lines.set(key, line);
    return line;
  }

  async function askBackend(domain: LocalDomain, mailbox: Mailbox): Promise<CalloutAnswer> {
    const { text } = mailbox;
    const asking = lineOf(domain).run(() => probe(domain, mailbox));
    const answer = (await asking) ?? undecided(`too many questions wait for ${formatTarget(domain.backend)}`);
    if (answer.kind === 'undecided') {
      return known.has(text, KNOWN_WITHOUT_BACKEND_FOR) ? { kind: 'known' } : answer;
    }
    known.forget(text);
    // It may be over at any moment: not remembered.
    if (answer.kind === 'refused') return answer;
    (answer.kind === 'known' ? known : unknown).remember(text);
    return answer;
  }

  return {
    async ask(domain, mailbox) {
      const { text } = mailbox;
      if (known.has(text, KNOWN_FOR)) return { kind: 'known' };
      if (unknown.has(text, UNKNOWN_FOR)) return { kind: 'unknown' };
      const asking = underWay.get(text) ?? askBackend(domain, mailbox);
      underWay.set(text, asking);
      return asking.finally(() => underWay.delete(text));
    },
  };
}

function undecided(because: string): CalloutAnswer {
  return { kind: 'undecided', because };
}

interface Memory {
  /** Whether it was remembered within the last `ms`. */
  has(text: string, ms: number): boolean;
  remember(text: string): void;
  forget(text: string): void;
}

/** Which texts were seen when; the oldest goes first. */
function memory(now: () => number): Memory {
  const seen = new Map<string, number>();
  return {
    has(text, ms) {
      const at = seen.get(text);
      const age = at === undefined ? Number.POSITIVE_INFINITY : now() - at;
      // A clock that goes back ends what was remembered.
      return age >= 0 && age < ms;
    },
    remember(text) {
      seen.delete(text);
      seen.set(text, now());
      for (const oldest of seen.keys()) {
        if (seen.size <= MOST_REMEMBERED) break;
        seen.delete(oldest);
      }
    },
    forget: (text) => void seen.delete(text),
  };
}
