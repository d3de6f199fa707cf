/**
 * What passes between client and server inside TLS while the stream is negotiated: STARTTLS is taken out of what the
 * server offers, and a client that asks for it all the same is refused (RFC 6120 §5.4.2.2).
 *
 * It ends with the negotiation: with success of SASL, behind which a new stream or a security layer begins, or with
 * the client's first stanza, dialback or new stream. From there on octets are passed on unseen.
 */
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import type { Tag } from './element.ts';
import { beginning, follow, type Place } from './follow.ts';
import {
  contentNamespaces,
  endOfStream,
  failure,
  formatError,
  formatHeader,
  namespaces,
  type StreamKind,
} from './stream.ts';
import type { Condition } from './token.ts';

export interface Inside {
  /** Where the client's stream is; undefined once it is not followed any more. */
  readonly client: Place | undefined;
  readonly backend: Place;
  /** How deep the server was where the STARTTLS began that is being taken out. */
  readonly hiding: number | undefined;
  /** The server has said what it offers. */
  readonly offered: boolean;
}

export interface InsideStep {
  readonly inside: Inside;
  readonly used: number;
  readonly effects: readonly GatewayEffect[];
}

export const freshInside: Inside = {
  client: beginning,
  backend: beginning,
  hiding: undefined,
  offered: false,
};

/** What our side of the stream is called, where we have to speak for the server. */
export interface Speaker {
  readonly kind: StreamKind;
  readonly hostname: string;
  readonly id: string;
}

/** The client said something. */
export function fromClient(speaker: Speaker, inside: Inside, unread: Uint8Array): InsideStep {
  if (inside.client === undefined) return passToBackend(inside, unread);
  const onTop = inside.client.open.length === 1;
  // Within a stream a declaration is nothing that may stand there: a new stream begins.
  if (onTop && beginsDeclaration(unread))
    return unread.length < DECLARATION.length ? step(inside, 0) : letGo(inside, unread);
  const next = follow(inside.client, unread);
  if (next.kind === 'incomplete') return step(inside, 0);
  if (next.kind === 'broken')
    return leave(speaker, inside, next.condition, `the client sent ${next.because}`);
  const tag = onTop ? next.tag : undefined;
  if (tag !== undefined && tag.namespace === namespaces.tls && tag.name === 'starttls') return refuse(inside);
  if (tag !== undefined && endsNegotiation(speaker.kind, tag)) return letGo(inside, unread);
  return passToBackend({ ...inside, client: next.place }, unread.subarray(0, next.length));
}

const DECLARATION = Buffer.from('<?xml');

/** Whether it is the beginning of a declaration, as far as it is there; one octet is that of every tag. */
function beginsDeclaration(unread: Uint8Array): boolean {
  const seen = unread.subarray(0, DECLARATION.length);
  return DECLARATION.subarray(0, seen.length).equals(seen);
}

/** Stanzas, dialback (XEP-0220), and the root of a new stream. */
function endsNegotiation(kind: StreamKind, { namespace, name }: Tag): boolean {
  if (namespace === contentNamespaces[kind] || namespace === namespaces.dialback) return true;
  return namespace === namespaces.stream && name === 'stream';
}

/** The client is not followed any more, and nobody is where the server has said already what it offers. */
function letGo(inside: Inside, unread: Uint8Array): InsideStep {
  if (inside.offered) return step(inside, 0, { kind: 'splice' });
  return passToBackend({ ...inside, client: undefined }, unread);
}

/** RFC 6120 §5.4.2.2: the failure, the end of the stream, the end of the connection. */
function refuse(inside: Inside): InsideStep {
  const bytes = Buffer.from(`${failure}${endOfStream}`);
  const close: GatewayEffect = { kind: 'close', because: 'the client asked for STARTTLS inside TLS' };
  return step(inside, 0, { kind: 'toClient', bytes }, close);
}

/** The server said something. */
export function fromBackend(speaker: Speaker, inside: Inside, unread: Uint8Array): InsideStep {
  const next = follow(inside.backend, unread);
  if (next.kind === 'incomplete') return step(inside, 0);
  if (next.kind === 'broken')
    return leave(
      speaker,
      inside,
      'internal-server-error',
      `the server behind the gateway sent ${next.because}`,
    );
  const depth = inside.backend.open.length;
  const { tag, place, length } = next;
  if (depth === 1 && tag !== undefined && isSuccess(tag)) return step(inside, 0, { kind: 'splice' });

  const begins = isOffer(depth, tag, inside) ? depth : undefined;
  const hidden = inside.hiding ?? begins;
  const after: Inside = {
    ...inside,
    backend: place,
    hiding: hidden !== undefined && place.open.length > hidden ? hidden : undefined,
    offered: inside.offered || endsOffers(depth, tag, place),
  };
  const said: readonly GatewayEffect[] =
    hidden === undefined ? [{ kind: 'toClient', bytes: unread.subarray(0, length) }] : [];
  if (after.offered && after.client === undefined) return step(after, length, ...said, { kind: 'splice' });
  return step(after, length, ...said);
}

/** The first element of the server is over, or is something other than features: it offers nothing more. */
function endsOffers(depth: number, tag: Tag | undefined, place: Place): boolean {
  if (depth === 1 && tag !== undefined) return !isFeatures(tag) || place.open.length === 1;
  return depth === 2 && place.open.length === 1;
}

function isFeatures({ namespace, name }: Tag): boolean {
  return namespace === namespaces.stream && name === 'features';
}

/** A STARTTLS right below the features, which are the first thing that a server sends: later it offers nothing more. */
function isOffer(depth: number, tag: Tag | undefined, { offered }: Inside): boolean {
  return !offered && depth === 2 && tag?.namespace === namespaces.tls && tag.name === 'starttls';
}

function isSuccess({ namespace, name }: Tag): boolean {
  return name === 'success' && (namespace === namespaces.sasl || namespace === namespaces.sasl2);
}

/** Says why and closes; within an element of the server it would be taken for a part of it. */
export function leave(speaker: Speaker, inside: Inside, condition: Condition, because: string): InsideStep {
  const close: GatewayEffect = { kind: 'close', because };
  const depth = inside.backend.open.length;
  if (depth > 1) return step(inside, 0, close);
  const header = depth === 0 ? headerOf(speaker) : '';
  const bytes = Buffer.from(`${header}${formatError(condition, because)}`);
  return step(inside, 0, { kind: 'toClient', bytes }, close);
}

/** RFC 6120 §4.9.1.2: an error needs a stream to stand in. */
export function headerOf({ kind, hostname, id }: Speaker): string {
  return formatHeader(kind, { from: hostname, to: null, id });
}

function passToBackend(inside: Inside, bytes: Uint8Array): InsideStep {
  return step(inside, bytes.length, { kind: 'toBackend', bytes });
}

function step(inside: Inside, used: number, ...effects: readonly GatewayEffect[]): InsideStep {
  return { inside, used, effects };
}
