/** The relay: takes mail in, keeps it, delivers it, and says how it travelled. */
import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { octetFacts } from '../mail/encodings.ts';
import { withCrlf } from '../mail/line-endings.ts';
import { isLoopback } from '../names/address.ts';
import { formatMailDomain } from '../names/mailbox.ts';
import { type Accepted, type Listener, listen } from '../net/listen.ts';
import { type ServerPatience, type Session, serverPatience } from '../net/server-session.ts';
import type { KeyPair } from '../net/tls.ts';
import { formatReply } from '../protocols/smtp/reply.ts';
import {
  type Envelope,
  type Intake,
  initialState,
  type SmtpState,
  smtpSession,
} from '../protocols/smtp/server/session.ts';
import type { QueueStore } from '../store/queue-store.ts';
import { type Contents, queueContents } from './content.ts';
import { type Delivering, startDelivery } from './delivery.ts';
import { type IntakeParts, takeMessage } from './intake.ts';
import type { Outgoing, QueueSettings, World } from './settings.ts';

/** A range of addresses: those that share the first `prefix` bits. */
export interface Network {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly prefix: number;
}

export interface ListenerSettings {
  readonly address: string;
  readonly port: number;
  readonly tls: 'starttls' | 'implicit';
  readonly requireTls: boolean;
  /** Who may relay. */
  readonly networks: readonly Network[];
  readonly bareLineEnding: 'refuse' | 'normalize';
}

export interface RelaySettings {
  readonly listeners: readonly ListenerSettings[];
  readonly keyPair: KeyPair;
  readonly maxSessions: number;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly maxHops: number;
  readonly queue: QueueSettings;
  /** How long clients may take; the RFC's minimums outside tests. */
  readonly patience?: ServerPatience;
}

export interface RelayParts {
  readonly settings: RelaySettings;
  /** Without `isSelf`, which only the relay knows. */
  readonly outgoing: Omit<Outgoing, 'isSelf'>;
  readonly store: QueueStore;
  /** The store's folder for large content. */
  readonly incoming: string;
  readonly world: World;
  readonly onEvents: (events: readonly DeliveryEvent[]) => void;
  /** Something odd that a client did and that is not an event: an attack that was fended off, a failed handshake. */
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  /** An error of the medium, or of ours. */
  readonly onError: (what: string, error: unknown) => void;
}

export interface Relay {
  readonly listeners: readonly { readonly address: string; readonly port: number }[];
  /** Hands a message in without SMTP, as `waxwing send` does. */
  submit(envelope: Envelope, content: Uint8Array): Promise<Intake>;
  /** An operator made mail due: look again, and try also what was not reached lately. */
  retry(): void;
  /** Refuses new mail, finishes what is under way for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const MAX_COMMAND_LINE_BYTES = 2048;
const MAX_ERRORS = 10;

/** @throws Node's error when an address cannot be bound; nothing is left open then. */
export async function startRelay(parts: RelayParts): Promise<Relay> {
  const { settings, world, onError } = parts;
  const bound: Listener[] = [];
  const outgoing: Outgoing = { ...parts.outgoing, isSelf: (address, port) => isOneOf(bound, address, port) };
  const contents = queueContents(parts.store);
  const delivering = startDelivery({
    store: parts.store,
    contents,
    outgoing,
    settings: settings.queue,
    world,
    onEvents: (events) => {
      forgetFinal(contents, events);
      parts.onEvents(events);
    },
    onError,
  });
  const intake: IntakeParts = {
    settings: {
      hostname: outgoing.hostname,
      routes: outgoing.routes,
      maxHops: settings.maxHops,
      incoming: parts.incoming,
    },
    store: parts.store,
    contents,
    world,
    onOffered: () => delivering.wake(),
    onKept: parts.onEvents,
    onError,
  };
  try {
    for (const listener of settings.listeners) bound.push(await bindListener(listener, parts, intake));
  } catch (error) {
    await closeAll(bound, delivering, 0);
    throw error;
  }
  delivering.wake();
  return {
    listeners: bound,
    submit: (envelope, content) => submit(intake, settings, envelope, content),
    retry: () => delivering.retry(),
    close: (graceMs) => closeAll(bound, delivering, graceMs),
  };
}

/** Delivered, bounced or dropped for one recipient: if another still waits, the content is read from the store. */
function forgetFinal(contents: Contents, events: readonly DeliveryEvent[]): void {
  for (const { event, id } of events) if (event !== 'received' && event !== 'blocked') contents.forget(id);
}

function bindListener(listener: ListenerSettings, parts: RelayParts, intake: IntakeParts): Promise<Listener> {
  const mayRelay = addressList(listener.networks);
  const { settings, outgoing } = parts;
  const hostname = formatMailDomain(outgoing.hostname);
  return listen<SmtpState, Envelope, Intake>({
    address: listener.address,
    port: listener.port,
    tls: listener.tls,
    keyPair: settings.keyPair,
    deadlines: outgoing.deadlines,
    welcome: (accepted, openSessions) => {
      if (openSessions >= settings.maxSessions) {
        return { refusal: formatReply(421, '4.3.2', `${hostname} too many connections; try again later`) };
      }
      return sessionFor(accepted, listener, mayRelay, parts, intake);
    },
  });
}

function sessionFor(
  accepted: Accepted,
  listener: ListenerSettings,
  mayRelay: (address: string) => boolean,
  { settings, outgoing, onOddity }: RelayParts,
  intake: IntakeParts,
): Session<SmtpState, Envelope, Intake> {
  const client = accepted.remoteAddress.replace(/^::ffff:/i, '');
  const { hostname } = outgoing;
  const requires = listener.requireTls || listener.tls === 'implicit' ? 'encrypt' : 'none';
  return {
    reducer: smtpSession({
      hostname: formatMailDomain(hostname),
      postmasterDomain: hostname,
      startTls: listener.tls === 'starttls' ? 'offered' : 'absent',
      tls: listener.requireTls ? 'required' : 'optional',
      relaying: mayRelay(client)
        ? { kind: 'allowed' }
        : { kind: 'denied', because: `relaying is not allowed for ${client}` },
      maxMessageBytes: settings.maxMessageBytes,
      maxRecipients: settings.maxRecipients,
      maxErrors: MAX_ERRORS,
    }),
    initial: initialState,
    maxLineBytes: MAX_COMMAND_LINE_BYTES,
    bareLineEnding: listener.bareLineEnding,
    patience: settings.patience ?? serverPatience,
    openBody: (envelope) => takeMessage(intake, { address: client, by: 'smtp', requires }, envelope),
    onOddity: (what) => onOddity(what, { client, listener: `${listener.address}:${accepted.localPort}` }),
  };
}

/** @param content line endings as files have them; they become CRLF. */
function submit(
  intake: IntakeParts,
  { maxMessageBytes }: RelaySettings,
  envelope: Envelope,
  content: Uint8Array,
): Promise<Intake> {
  const bytes = withCrlf(content);
  if (bytes.length > maxMessageBytes) {
    const text = `the message is too big, the limit is ${maxMessageBytes} octets`;
    return Promise.resolve({ kind: 'refused', code: 552, enhanced: '5.3.4', text });
  }
  if (bytes.includes(0)) {
    return Promise.resolve({
      kind: 'refused',
      code: 554,
      enhanced: '5.6.0',
      text: 'the message holds a NUL octet',
    });
  }
  const sink = takeMessage(intake, { address: '127.0.0.1', by: 'local', requires: 'none' }, envelope);
  void sink.write(bytes);
  return sink.finish({ ...octetFacts(bytes), size: bytes.length });
}

async function closeAll(
  listeners: readonly Listener[],
  delivering: Delivering,
  graceMs: number,
): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close(graceMs)));
  await delivering.close(graceMs);
}

function addressList(networks: readonly Network[]): (address: string) => boolean {
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** A listener on every address (0.0.0.0, ::) is reached under each address of this host. */
function isOneOf(listeners: readonly Listener[], address: string, port: number): boolean {
  return listeners.some((listener) => {
    if (listener.port !== port) return false;
    if (listener.address !== '0.0.0.0' && listener.address !== '::') return listener.address === address;
    return isLoopback(address) || ownAddresses().has(address);
  });
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((entries) => entries?.map((entry) => entry.address) ?? []),
  );
}
