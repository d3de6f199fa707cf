/** What a webhook is told of, and the octets of what it is told. */
import { parseMailbox } from '../names/mailbox.ts';
import type { NamePattern } from '../policies/overrides/route.ts';
import { covers } from '../policies/overrides/rule.ts';
import type { LoggedEvent } from './delivery-event.ts';

/** Which events; an event has to pass both. */
export interface EventFilter {
  /** null: all. */
  readonly names: ReadonlySet<LoggedEvent['event']> | null;
  /** The domain of the sender or of the recipient; null: any, and events without either. */
  readonly domains: readonly NamePattern[] | null;
}

/** What of an event its filter looks at. */
export type Filtered = Pick<LoggedEvent, 'event' | 'from' | 'to'>;

export function wants({ names, domains }: EventFilter, event: Filtered): boolean {
  if (names !== null && !names.has(event.event)) return false;
  return domains === null || [event.to, event.from].some((address) => isOf(address, domains));
}

function isOf(address: string | null, domains: readonly NamePattern[]): boolean {
  if (address === null || address === '') return false;
  const mailbox = parseMailbox(address, { utf8: true });
  return mailbox.kind === 'ok' && domains.some((pattern) => covers(pattern, mailbox.value));
}

/** The body of one request: a JSON array, its events as in the event log. */
export function bodyOf(events: readonly string[]): string {
  return `[${events.join(',\n')}]`;
}

/**
 * What a signature is made over, as Standard Webhooks has it.
 *
 * @param id holds no full stop.
 * @param seconds since 1970.
 */
export function signedContent(id: string, seconds: number, body: string): string {
  return `${id}.${seconds}.${body}`;
}
