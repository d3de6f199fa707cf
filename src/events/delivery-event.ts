/** The event catalogue: what is said about recipients, logins and connections, as a line of JSON and as a webhook body. */
import type { Layer, Requirement, TlsOutcome } from '../policies/words.ts';
import type { ConnectionEvent } from './connection-event.ts';
import type { ReturnedEvent } from './returned-event.ts';

export const deliveryEventNames = [
  'received',
  'delivered',
  'deferred',
  'blocked',
  'held',
  'released',
  'bounced',
  'dropped',
  'cancelled',
] as const;

export const eventNames = [...deliveryEventNames, 'credential-exposed', 'connection', 'returned'] as const;

/** Of an event that concerns a recipient. */
export type EventName = (typeof deliveryEventNames)[number];

/** A reply of the far side, or of us where `host` below is null. */
export interface EventReply {
  readonly code: number;
  /** `5.1.1`, or null where the far side gave none. */
  readonly enhanced: string | null;
  readonly text: string;
}

/** The TLS verdict: what was required, by whom, what was reached, and the evidence. */
export interface EventTls {
  /** null where the message did not travel (deferred, blocked). */
  readonly outcome: TlsOutcome | null;
  readonly required: Requirement;
  readonly by: Layer;
  /** One sentence: the evidence for the outcome, or what stood in its way. */
  readonly because: string;
  readonly version: string | null;
  readonly cipher: string | null;
  readonly group: string | null;
  readonly certificateSha256: string | null;
  /** The name that the certificate proved, or null. */
  readonly peerName: string | null;
  /** The TLSA record that the certificate matched, or null. */
  readonly tlsa: string | null;
}

/** How a message came in, and what it is; the same for each of its recipients. */
export interface EventArrival {
  /** `local`: from a program on this host, over no wire. */
  readonly by: 'smtp' | 'http' | 'local';
  /** The address of the client; null where none is known. */
  readonly client: string | null;
  /** Who was logged in; null: nobody. */
  readonly account: string | null;
  /** Of a user of this host who left it in the spool, the user id. */
  readonly uid: number | null;
  /** Of the Message-ID field, as it was written; null where there is none, or none was found. */
  readonly messageId: string | null;
  /** Octets, as it is kept. */
  readonly size: number;
  readonly recipients: number;
}

/** What happened to one recipient. `blocked` = not delivered because the required TLS could not be had. */
export interface DeliveryEvent {
  readonly event: EventName;
  /** The message, as in the Received header and in `queue show`. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
  /** Empty for the null sender. */
  readonly from: string;
  readonly to: string;
  readonly mx: { readonly host: string; readonly address: string | null; readonly port: number } | null;
  readonly reply: EventReply | null;
  /** 1 for the first; 0 where no attempt was made. */
  readonly attempt: number;
  readonly tls: EventTls | null;
  /** RFC 3339; null where none will follow. */
  readonly nextAttemptAt: string | null;
  /** The `traceparent` (W3C Trace Context) that came with the message; absent where none did. */
  readonly trace?: string;
  /** In `received` only. */
  readonly arrival?: EventArrival;
}

/** A client sent a login in clear: it was refused, and whoever was on the path has read it. */
export interface CredentialEvent {
  readonly event: 'credential-exposed';
  /** As in {@link DeliveryEvent}. */
  readonly at: string;
  /** Whose password it was; null where the mechanism did not show it to us. Never the password itself. */
  readonly user: string | null;
  /** Of the client. */
  readonly address: string;
  // No message is concerned. Every event has the same fields, so that a line can be read without looking which it is.
  readonly id: null;
  readonly from: null;
  readonly to: null;
  readonly mx: null;
  readonly reply: null;
  readonly attempt: 0;
  readonly tls: null;
  readonly nextAttemptAt: null;
}

/** What the relay says. */
export type RelayEvent = DeliveryEvent | CredentialEvent | ReturnedEvent;

/** One line of the event log. */
export type LoggedEvent = RelayEvent | ConnectionEvent;

const deliveryNames: ReadonlySet<string> = new Set(deliveryEventNames);

/** Whether it concerns a recipient. */
export function isDeliveryEvent(event: LoggedEvent): event is DeliveryEvent {
  return deliveryNames.has(event.event);
}

/** @param at RFC 3339, UTC, milliseconds. */
export function credentialExposed(user: string | null, address: string, at: string): CredentialEvent {
  return {
    event: 'credential-exposed',
    id: null,
    at,
    from: null,
    to: null,
    mx: null,
    reply: null,
    attempt: 0,
    tls: null,
    nextAttemptAt: null,
    user,
    address,
  };
}
