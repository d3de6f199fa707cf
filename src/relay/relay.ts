/** The relay: takes mail in, keeps it, delivers it, and says how it travelled. */
import type { DeliveryEvent, RelayEvent } from '../events/delivery-event.ts';
import { octetFacts } from '../mail/encodings.ts';
import { withCrlf } from '../mail/line-endings.ts';
import { formatHostPort } from '../names/address.ts';
import type { Listener } from '../net/accept.ts';
import { startAdmission } from '../net/admission.ts';
import type { Doors } from '../net/door.ts';
import { listen } from '../net/listen.ts';
import { type Listeners, openListeners } from '../net/listeners.ts';
import type { Envelope, Intake, SmtpWords } from '../protocols/smtp/server/session.ts';
import type { ClientStore } from '../store/client-store.ts';
import type { QueueStore } from '../store/queue-store.ts';
import { openLoginDesk } from './accounts.ts';
import { atTheSocket, type Submitter } from './arrival.ts';
import { openBounceAddresses } from './bounce-addresses.ts';
import { type Contents, queueContents } from './content.ts';
import { startDelivery } from './delivery.ts';
import { routesOf } from './domains.ts';
import { openOwnDomains, readersOf } from './forward.ts';
import type { HoldWord } from './holds.ts';
import { type InboundMemory, openInboundMemory } from './inbound-memory.ts';
import type { IncomingNote } from './incoming-watch.ts';
import type { IntakeParts } from './intake.ts';
import { type LoginNote, openLoginLog } from './login-log.ts';
import { isWithinOneOf } from './networks.ts';
import { allHolders, openQuotas, type QuotaHolder, type QuotaUsage, usageOf } from './quotas.ts';
import { openReception, type Reception } from './reception.ts';
import type { RefusedRecipient } from './residence.ts';
import { noteOwnBounces } from './returned.ts';
import { noWatch, type SessionWatch } from './session-results.ts';
import type { ListenerSettings, Outgoing, RelaySettings, World } from './settings.ts';
import { signingOwn } from './sign.ts';
import { openSuppressions } from './suppression.ts';
import type { RememberedTls } from './tls-memory.ts';
import type { Peers } from './workers/peer-word.ts';

/** How mail leaves, as far as whoever starts the relay knows. */
type GivenOutgoing = Omit<Outgoing, 'isSelf' | 'readersOf' | 'senderFor' | 'sign'>;

export interface RelayParts {
  readonly settings: RelaySettings;
  readonly outgoing: GivenOutgoing;
  readonly store: QueueStore;
  /** What is known of clients over restarts. */
  readonly kept: Pick<ClientStore, 'quotas' | 'inbound' | 'suppressions'>;
  /** The store's folder for large content. */
  readonly incoming: string;
  readonly world: World;
  /** What opens the doors of listeners; absent: they are bound here. */
  readonly doors?: Doors | undefined;
  readonly onEvents: (events: readonly RelayEvent[]) => void;
  /** A message was taken in; these events go to `onEvents`, too. Left out where nobody counts by client. */
  readonly onTaken?: (events: readonly DeliveryEvent[], client: string) => void;
  /** What is counted of logins; left out where nobody counts. */
  readonly onLogin?: (note: LoginNote) => void;
  /** What is counted of sessions with clients; left out where nobody counts. */
  readonly onIncoming?: ((note: IncomingNote) => void) | undefined;
  /** Who hears of sessions with other servers; left out where nobody does. */
  readonly watch?: SessionWatch;
  /** What unknown users are told comes of it; left out where this process is alone. */
  readonly hidden?: Uint8Array | undefined;
  /** Other processes of the same relay, of which each has a queue of its own; absent: there are none. */
  readonly peers?: Peers | undefined;
  /** Something odd that a client did and that is not an event: an attack that was fended off, a failed handshake. */
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  /** An error of the medium, or of ours. */
  readonly onError: (what: string, error: unknown) => void;
}

export interface Relay {
  /** With the ports that they got. */
  readonly listeners: readonly Pick<ListenerSettings, 'address' | 'port' | 'tls' | 'role'>[];
  /**
   * Hands a message in without SMTP, as `waxwing send` does.
   *
   * @param submitter whoever is on the control socket, where it is not said.
   */
  submit(envelope: Envelope, content: Uint8Array, submitter?: Submitter): Promise<Intake>;
  /** Because of whom `submit` refuses, where it does so because mailboxes of our own domains do not exist. */
  refusedOf(
    envelope: Pick<Envelope, 'sender' | 'recipients'>,
    submitter?: Submitter,
  ): Promise<readonly RefusedRecipient[]>;
  /** How much of the quotas is used up. */
  quotas(): readonly QuotaUsage[];
  /** Those of a directory who have spent of their quotas, since the start. */
  spenders(): readonly QuotaHolder[];
  /** Which servers have always sent to us over TLS. */
  readonly inbound: Pick<InboundMemory, 'of' | 'purge'>;
  /**
   * An operator made mail due: look again, and try also what was not reached lately.
   *
   * @param destinations where mail may be held for want of TLS: these are looked at now.
   */
  retry(destinations?: readonly string[] | 'all'): void;
  /** What was found where mail is held for want of TLS: of these destinations at least. */
  wordsOf(destinations: readonly string[]): (destination: string) => HoldWord | undefined;
  /** Writes down what was counted of clients, so that whoever reads the store then reads all. */
  flush(): void;
  /** How many attempts are being made just now. */
  readonly attempts: number;
  /** What is remembered of TLS at hosts, and for how long. */
  rememberedTls(): readonly RememberedTls[];
  /** Carries out an operator's word about mail while nothing is claimed but what is really being attempted. */
  carryOut<Result>(word: () => Promise<Result>): Promise<Result>;
  /**
   * New sessions and attempts go by these; what is under way ends as it began. A listener whose address, port or kind
   * of TLS changed is closed once its sessions are, and another one bound.
   *
   * @throws Node's error when an address cannot be bound; everything else is as it was then.
   */
  reload(settings: RelaySettings, outgoing: GivenOutgoing): Promise<void>;
  /** Refuses new mail, finishes what is under way for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** @throws Node's error when an address cannot be bound; nothing is left open then. */
export async function startRelay(parts: RelayParts): Promise<Relay> {
  const { world, onError } = parts;
  let { settings } = parts;
  const listeners = openListeners<ListenerSettings>((listener) => bindListener(listener));
  let outgoing = outgoingOf(parts.outgoing, settings, listeners, world.now);
  const contents = queueContents(parts.store);
  const suppressions = openSuppressions({ ...parts, store: parts.kept.suppressions, now: world.now });
  const delivering = startDelivery({
    store: parts.store,
    contents,
    outgoing,
    settings: settings.queue,
    world,
    onEvents: (events) => {
      forgetFinal(contents, events);
      noteOwnBounces(events, settings.bounces, suppressions);
      parts.onEvents(events);
    },
    onOddity: parts.onOddity,
    watch: parts.watch ?? noWatch,
    peers: parts.peers,
    onError,
  });
  const intake: IntakeParts = {
    incoming: parts.incoming,
    store: parts.store,
    contents,
    world,
    onOffered: () => delivering.wake(),
    onKept(events, client) {
      parts.onEvents(events);
      parts.onTaken?.(events, client);
    },
    onError,
  };
  const admission = startAdmission(settings.limits, world.now);
  const desk = openLoginDesk(parts.hidden);
  const shared = parts.peers !== undefined;
  const quotas = openQuotas({ store: parts.kept.quotas, now: world.now, onError, shared });
  const inbound = openInboundMemory({ store: parts.kept.inbound, now: world.now, onError, shared });
  const loginLog = openLoginLog({
    now: world.now,
    onOddity: parts.onOddity,
    onNote: (note) => parts.onLogin?.(note),
  });
  const kept = { intake, admission, desk, loginLog, quotas, suppressions, inboundMemory: inbound };
  const receive = (): Reception => openReception({ ...parts, settings, outgoing, ...kept });
  let reception = receive();

  function bindListener(listener: () => ListenerSettings): Promise<Listener> {
    const { address, port, tls } = listener();
    return listen<SmtpWords>({
      address,
      port,
      tls,
      doors: parts.doors,
      certificates: settings.certificates,
      asksForCertificate: () => listener().clientCertificates === 'ask',
      deadlines: outgoing.deadlines,
      proxies: (client) => isWithinOneOf(listener().proxies, client),
      welcome: (accepted) => reception.welcome(accepted, listener()),
      onOddity: (what, { remoteAddress: client, localPort }) =>
        parts.onOddity(what, { client, listener: formatHostPort(address, localPort) }),
      onError,
    });
  }

  const close = async (graceMs: number): Promise<void> => {
    await listeners.close(graceMs);
    await Promise.all([delivering.close(graceMs), reception.close()]);
    quotas.close();
    inbound.close();
    suppressions.close();
  };
  try {
    await listeners.change(settings.listeners);
  } catch (error) {
    await close(0);
    throw error;
  }
  delivering.wake();
  // Only whoever has logged in is known of a directory.
  const spenders = () => (settings.directory === null ? [] : quotas.holders());
  return {
    get listeners() {
      return listeners.bound.map(({ listener: { address, port }, settings: { tls, role } }) => ({
        address,
        port,
        tls,
        role,
      }));
    },
    submit: (envelope, content, submitter = atTheSocket) =>
      submit(reception, settings, submitter, envelope, content),
    refusedOf: (envelope, submitter = atTheSocket) => reception.refusedOf(submitter, envelope),
    quotas: () => {
      const accounts = settings.accounts.map(({ user, rights }) => ({ user, quota: rights.quota }));
      return usageOf(quotas.list(), [...spenders(), ...allHolders(accounts, settings.networkQuotas)]);
    },
    spenders,
    inbound,
    retry: (destinations) => delivering.retry(destinations),
    wordsOf: () => (destination) => delivering.wordOf(destination),
    flush() {
      quotas.flush();
      inbound.flush();
    },
    get attempts() {
      return delivering.attempts;
    },
    rememberedTls: () => delivering.rememberedTls(),
    carryOut: (word) => delivering.carryOut(word),
    async reload(newSettings, newOutgoing) {
      await listeners.change(newSettings.listeners);
      settings = newSettings;
      outgoing = outgoingOf(newOutgoing, newSettings, listeners, world.now);
      delivering.reload(outgoing, newSettings.queue);
      admission.change(newSettings.limits);
      const before = reception;
      reception = receive();
      await before.close();
    },
    close,
  };
}

/** Mail for our own domains goes to their backends, whatever the operator's routes say. */
function outgoingOf(
  given: GivenOutgoing,
  { domains, forwarding, bounces, dkim }: RelaySettings,
  listeners: Listeners<ListenerSettings>,
  now: () => number,
): Outgoing {
  const addresses = openBounceAddresses(bounces, now);
  const own = openOwnDomains(domains, forwarding, now, addresses);
  return {
    ...given,
    readersOf: (mailbox) => readersOf(mailbox, own),
    senderFor: (sender, recipient, delimiters) => addresses.senderFor(sender, recipient, delimiters),
    sign: signingOwn(dkim),
    routes: [...routesOf(domains, given.hostname), ...given.routes],
    isSelf: (address, port) => listeners.isOne(address, port),
  };
}

/** Delivered, bounced or dropped for one recipient: if another still waits, the content is read from the store. */
function forgetFinal(contents: Contents, events: readonly DeliveryEvent[]): void {
  for (const { event, id } of events) if (event !== 'received' && event !== 'blocked') contents.forget(id);
}

/** @param content line endings as files have them; they become CRLF. */
async function submit(
  reception: Reception,
  { maxMessageBytes }: RelaySettings,
  submitter: Submitter,
  envelope: Envelope,
  content: Uint8Array,
): Promise<Intake> {
  const bytes = withCrlf(content);
  if (bytes.length > maxMessageBytes) {
    const text = `the message is too big, the limit is ${maxMessageBytes} octets`;
    return { kind: 'refused', code: 552, enhanced: '5.3.4', text };
  }
  if (bytes.includes(0)) {
    const text = 'the message holds a NUL octet';
    return { kind: 'refused', code: 554, enhanced: '5.6.0', text };
  }
  const [refused] = await reception.refusedOf(submitter, envelope);
  if (refused !== undefined) return { kind: 'refused', ...refused.refusal };
  const sink = reception.take(submitter, envelope);
  void sink.write(bytes);
  return sink.finish({ ...octetFacts(bytes), size: bytes.length });
}
