/** What can be done with a call before it goes to the one thread that everybody waits for. */
import type { DeliveryEvent } from '../events/delivery-event.ts';
import type { PreparedMessage, PreparedSettle } from './calls.ts';
import type { NewMessage, SettleRequest } from './queue-store.ts';

export function prepareMessage({ copies, ...message }: NewMessage): PreparedMessage {
  const prepared = { ...message, events: JSON.stringify(message.events) };
  return copies === undefined ? prepared : { ...prepared, copies: copies.map(prepareMessage) };
}

export function prepareSettle({ settlements, messages, ...told }: SettleRequest): PreparedSettle {
  return {
    settlements: settlements.map((settlement) => ({
      ...settlement,
      events: JSON.stringify(settlement.events),
      lastWord: lastWord(settlement.events),
    })),
    messages: messages.map(prepareMessage),
    ...told,
  };
}

/** The reason that the newest of `events` gives; null where none gives one. */
export function lastWord(events: readonly DeliveryEvent[]): string | null {
  for (const { event, reply, tls } of events.toReversed()) {
    // What blocked a message is its TLS, whatever the far side had said until then.
    const said =
      reply === null
        ? undefined
        : [reply.code, reply.enhanced, reply.text].filter((part) => part !== null).join(' ');
    const reason = event === 'blocked' ? (tls?.because ?? said) : (said ?? tls?.because);
    if (reason !== undefined) return reason;
  }
  return null;
}
