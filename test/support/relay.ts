/** A whole relay in this process, with short patience, a clock that can be put forward, and its events at hand. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CredentialEvent, DeliveryEvent, RelayEvent } from '../../src/events/delivery-event.ts';
import type { ReturnedEvent } from '../../src/events/returned-event.ts';
import { type Domain, parseDomain } from '../../src/names/domain.ts';
import type { Limits } from '../../src/net/admission.ts';
import { openCertificates } from '../../src/net/certificates.ts';
import { type Deadlines, startDeadlines } from '../../src/net/deadlines.ts';
import type { Lookup } from '../../src/net/dns.ts';
import type { ServerPatience } from '../../src/net/server-session.ts';
import { type KeyPair, outgoingContext } from '../../src/net/tls.ts';
import type { MemoryFacts } from '../../src/policies/memory/expect.ts';
import type { RequireTlsLevel } from '../../src/policies/message.ts';
import type { NamePattern, Route, RouteLogin, RouteTarget } from '../../src/policies/overrides/route.ts';
import type { Promotion } from '../../src/policies/report-only/promotion.ts';
import type { TlsLevel } from '../../src/policies/words.ts';
import { type Account, anyRights } from '../../src/relay/accounts.ts';
import { type Alias, parseAlias } from '../../src/relay/aliases.ts';
import { noBounces } from '../../src/relay/bounce-addresses.ts';
import type { LocalDomain } from '../../src/relay/domains.ts';
import type { IncomingNote } from '../../src/relay/incoming-watch.ts';
import { hashPassword, parsePasswordHash } from '../../src/relay/password.ts';
import { type Relay, startRelay } from '../../src/relay/relay.ts';
import type { OutgoingPatience } from '../../src/relay/session.ts';
import type { SessionWatch } from '../../src/relay/session-results.ts';
import type { ListenerSettings, Outgoing, QueueSettings, RelaySettings } from '../../src/relay/settings.ts';
import { openDataFolder } from '../../src/store/data-folder.ts';
import { openClients } from '../../src/store/open-clients.ts';
import { openQueue } from '../../src/store/open-queue.ts';
import type { QueueStore } from '../../src/store/queue-store.ts';
import { factsFrom } from './facts.ts';
import { absent, type FakeDns, found as known, type MxAnswer } from './lookup.ts';
import { type RawClient, rawClient } from './raw-client.ts';

/** A route for tests; `to` absent: by MX. */
export interface RouteSpec {
  readonly domain: string;
  readonly to?: { readonly host: string; readonly port: number; readonly protocol?: RouteTarget['protocol'] };
  readonly login?: RouteLogin;
  readonly tls?: TlsLevel;
  readonly requireTls?: RequireTlsLevel;
  readonly names?: readonly string[];
}

/** A domain of ours; its backend is on 127.0.0.1. */
export interface DomainSpec {
  readonly name: string;
  readonly backend: { readonly port: number; readonly protocol?: RouteTarget['protocol'] };
  /** A table, or how else it is known who exists. */
  readonly recipients: readonly string[] | 'any' | 'callout';
  /** Each `name: target, target`. */
  readonly aliases?: readonly string[];
}

export interface TestRelayOptions {
  readonly domains?: readonly DomainSpec[];
  readonly accounts?: readonly Account[];
  /** By default there is no limit but one to sessions. */
  readonly limits?: Partial<Limits>;
  readonly routes?: readonly RouteSpec[];
  /** Where no route says otherwise; a function is asked for each decision. */
  readonly level?: TlsLevel | (() => TlsLevel);
  /** By default every host is 127.0.0.1 and no domain has MX records or exists. */
  readonly dns?: Partial<FakeDns>;
  /** Port of MX hosts. */
  readonly smtpPort?: number;
  /** Roots that outgoing connections trust. */
  readonly trust?: readonly string[];
  readonly patience?: Partial<OutgoingPatience>;
  readonly serverPatience?: Partial<ServerPatience>;
  readonly listeners?: readonly Partial<ListenerSettings>[];
  readonly settings?: Partial<RelaySettings>;
  /** What of the work on the queue is not as usual. */
  readonly queue?: Partial<QueueSettings>;
  /** Who hears of sessions with other servers. */
  readonly watch?: SessionWatch;
  /** What is remembered of a domain at the moment; by default nothing is. */
  readonly memory?: (domain: Domain) => MemoryFacts | undefined;
  /** A level that is promoted for a domain at the moment; by default none is. */
  readonly promotion?: (domain: Domain) => Promotion | undefined;
  /** What is counted of sessions with clients. */
  readonly onIncoming?: (note: IncomingNote) => void;
  readonly keyPair: KeyPair;
}

export interface TestRelay {
  readonly relay: Relay;
  /** Of the first listener. */
  readonly port: number;
  readonly store: QueueStore;
  /** The data folder. */
  readonly folder: string;
  readonly events: readonly DeliveryEvent[];
  /** Logins that were sent in clear. */
  readonly exposed: readonly CredentialEvent[];
  readonly returned: readonly ReturnedEvent[];
  readonly oddities: readonly string[];
  /** @returns the events about one message or recipient, `received` left out. */
  about(text: string): DeliveryEvent[];
  /** Waits for an event; the one that is there already counts. */
  until(what: string, match: (event: DeliveryEvent) => boolean): Promise<DeliveryEvent>;
  /** Hands in a message over SMTP. @returns its id. */
  send(message: { from?: string; to: readonly string[]; content?: string | Buffer }): Promise<string>;
  /** The state of each recipient, as `held/tls`, by address. */
  states(id: string): Promise<Record<string, string>>;
  /** Puts the clock forward and looks at the queue. */
  later(ms: number): void;
  /** Puts the clock forward, and nothing else. */
  ahead(ms: number): void;
  /** What lies in the folder for uploads. */
  incoming(): Promise<readonly string[]>;
  /** Puts other options in place of those it was started with. */
  reload(options: TestRelayOptions): Promise<void>;
  close(graceMs?: number): Promise<void>;
}

export const DAY = 24 * 60 * 60 * 1000;
/** The discard port: nothing listens there. */
const NO_SERVER = 9;
/** Longer than any test takes: events that do not come are a failure, not a hang. */
const WAIT_MS = 30_000;

const shortPatience: OutgoingPatience = {
  phases: { greeting: 1_500, reply: 1_500, 'data-start': 1_500, 'data-end': 1_500, goodbye: 200 },
  connect: 1_500,
  handshake: 800,
  dataBlock: 1_500,
  connectBeforeOthers: 300,
  answerToHello: 400,
};

const shortServerPatience: ServerPatience = {
  command: 5_000,
  handshake: 2_000,
  answer: 5_000,
  minimumRate: 100,
  dataGrace: 5_000,
};

/** Starts it; it is closed when the test ends. */
export async function startTestRelay(
  t: Pick<TestContext, 'after'>,
  options: TestRelayOptions,
): Promise<TestRelay> {
  const path = await mkdtemp(join(tmpdir(), 'waxwing-net-'));
  const folder = openDataFolder(path);
  const store = await openQueue(folder);
  const clients = openClients(folder);
  const deadlines = startDeadlines(10);
  let relay: Relay | undefined;
  let closing: Promise<void> | undefined;
  async function closeAll(graceMs: number): Promise<void> {
    await relay?.close(graceMs);
    deadlines.close();
    await store.close();
    clients.close();
    folder.close();
    await rm(path, { recursive: true, force: true });
  }
  const close = (graceMs = 300): Promise<void> => (closing ??= closeAll(graceMs));
  t.after(() => close());

  const oddities: string[] = [];
  const notes = noteEvents(oddities);
  let ahead = 0;
  const running = await startRelay({
    settings: settingsOf(options),
    outgoing: outgoingOf(options, deadlines),
    store,
    kept: clients,
    incoming: folder.incoming,
    world: { now: () => Date.now() + ahead, random: Math.random },
    onEvents: notes.add,
    ...(options.watch === undefined ? {} : { watch: options.watch }),
    onIncoming: options.onIncoming,
    onOddity: (what, about) => oddities.push(`${what} ${JSON.stringify(about)}`),
    onError: (what, error) => oddities.push(`${what}: ${String(error)}`),
  });
  relay = running;
  const listener = running.listeners[0] ?? { address: '127.0.0.1', port: 0 };
  const { events, exposed, returned } = notes;
  return {
    relay: running,
    port: listener.port,
    store,
    folder: path,
    events,
    exposed,
    returned,
    oddities,
    about: (text) =>
      events.filter(({ event, id, to }) => event !== 'received' && (id === text || to === text)),
    until: notes.until,
    send: (message) => handIn(listener, message),
    states: (id) => statesOf(store, id),
    later(ms) {
      ahead += ms;
      running.retry();
    },
    ahead: (ms) => {
      ahead += ms;
    },
    incoming: () => readdir(folder.incoming),
    reload: (next) => running.reload(settingsOf(next), outgoingOf(next, deadlines)),
    close,
  };
}

function settingsOf({ listeners = [{}], ...options }: TestRelayOptions): RelaySettings {
  return {
    listeners: listeners.map((listener) => ({ ...usualListener, ...listener })),
    certificates: openCertificates([options.keyPair]),
    limits: { ...noLimits, ...options.limits },
    accounts: options.accounts ?? [],
    directory: null,
    domains: (options.domains ?? []).map(toDomain),
    authentication: null,
    inbound: [],
    inboundMemory: 'off',
    networkQuotas: [],
    maxMessagesPerSession: 1_000,
    maxErrorsPerSession: 10,
    maxMessageBytes: 64 * 1024 * 1024,
    maxRecipients: 100,
    maxHops: 100,
    demands: { requireTls: 'enforce', tlsRequiredNo: 'obey' },
    dkim: [],
    forwarding: null,
    bounces: noBounces,
    queue: {
      schedule: { retryAfterMs: [60_000], jitter: 0, giveUpAfterMs: 5 * DAY, warnAfterMs: DAY / 6 },
      holds: { onBlocked: 'hold', noticeAfterMs: DAY / 96, probeAfterMs: [60_000] },
      keepFinalMs: DAY,
      connections: 100,
      connectionsPerDestination: 5,
      connectionsPerHost: null,
      connectionsPerSecond: 10_000,
      messagesPerMinute: null,
      ...options.queue,
    },
    patience: { ...shortServerPatience, ...options.serverPatience },
    ...options.settings,
  };
}

function outgoingOf(
  { level = 'may', routes = [], trust = [], smtpPort = NO_SERVER, dns, patience, ...kept }: TestRelayOptions,
  deadlines: Deadlines,
): Omit<Outgoing, 'isSelf' | 'readersOf' | 'senderFor' | 'sign'> {
  const factsOf = factsFrom({ ...usualDns, ...dns });
  const lookUp: typeof factsOf = async (target) => {
    const facts = await factsOf(target);
    const { domain: of } = facts;
    return { ...facts, memory: kept.memory?.(of), promotion: kept.promotion?.(of) };
  };
  return {
    hostname: { kind: 'domain', domain: domain('relay.test') },
    routes: routes.map(toRoute),
    rules: [],
    level: () => (typeof level === 'string' ? level : level()),
    requireTls: 'enforce',
    smtpPort,
    now: Date.now,
    lookUp,
    lookUpAnew: lookUp,
    context: outgoingContext(trust),
    smallHelloContext: () => outgoingContext(trust, 'added', 'small'),
    deadlines,
    patience: { ...shortPatience, ...patience },
  };
}

interface Notes {
  readonly events: DeliveryEvent[];
  readonly exposed: CredentialEvent[];
  readonly returned: ReturnedEvent[];
  readonly add: (events: readonly RelayEvent[]) => void;
  readonly until: TestRelay['until'];
}

function noteEvents(oddities: readonly string[]): Notes {
  const events: DeliveryEvent[] = [];
  const exposed: CredentialEvent[] = [];
  const returned: ReturnedEvent[] = [];
  const waiting = new Set<() => void>();
  return {
    events,
    exposed,
    returned,
    add(more) {
      for (const event of more) {
        if (event.event === 'credential-exposed') exposed.push(event);
        else if (event.event === 'returned') returned.push(event);
        else events.push(event);
      }
      for (const look of waiting) look();
    },
    until: (what, match) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find(match);
          if (found === undefined) return;
          waiting.delete(look);
          clearTimeout(timer);
          resolve(found);
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          const seen = events.map(({ event, to, tls }) => `${event} ${to}: ${tls?.because}`).slice(-30);
          reject(new Error([`${what} did not come; seen:`, ...seen, ...oddities].join('\n')));
        }, WAIT_MS);
        waiting.add(look);
        look();
      }),
  };
}

async function statesOf(store: QueueStore, id: string): Promise<Record<string, string>> {
  const trail = await store.show(id);
  const states = trail?.recipients.map(({ address, delivery }) => [
    address,
    delivery.kind === 'held' ? `held/${delivery.by}` : delivery.kind,
  ]);
  return Object.fromEntries(states ?? []);
}

/** Waits until `look` gives something else than undefined. */
export async function eventually<Value>(
  what: string,
  look: () => Promise<Value | undefined> | Value | undefined,
): Promise<Value> {
  for (const end = performance.now() + WAIT_MS; performance.now() < end; ) {
    const value = await look();
    if (value !== undefined) return value;
    await sleep(10);
  }
  throw new Error(`${what} did not happen within ${WAIT_MS} ms`);
}

/** A domain out of a literal in a test. */
export function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

/** An answer with these MX hosts, `preference name`. */
export function mxOf(...records: readonly string[]): Lookup<MxAnswer> {
  const hosts = records.map((record) => {
    const [preference = '', name = ''] = record.split(' ');
    return { host: domain(name), preference: Number(preference) };
  });
  return known({ kind: 'hosts', hosts });
}

/** Says EHLO, MAIL, RCPT and DATA one after the other; the content is stuffed. */
export async function transaction(
  client: RawClient,
  {
    from = 'sender@origin.test',
    to,
    content = 'Subject: test\r\n\r\nHello.\r\n',
  }: Parameters<TestRelay['send']>[0],
): Promise<string> {
  await client.expect(`MAIL FROM:<${from}>`, '250');
  for (const one of to) await client.expect(`RCPT TO:<${one}>`, '250');
  await client.expect('DATA', '354');
  const text = typeof content === 'string' ? content : content.toString('latin1');
  client.write(text.replace(/(^|\r\n)\./g, '$1..'));
  return client.expect('.', '250');
}

async function handIn(
  { address, port }: Pick<Relay['listeners'][number], 'address' | 'port'>,
  message: Parameters<TestRelay['send']>[0],
): Promise<string> {
  const client = await rawClient(port, address);
  await client.reply();
  await client.expect('EHLO client.test', '250');
  const answer = await transaction(client, message);
  client.close();
  const id = /kept as ([a-z0-9]+)/.exec(answer)?.[1];
  if (id === undefined) throw new Error(`no id in ${answer}`);
  return id;
}

/** An account whose password is kept as that kind of hash. */
export async function account(user: string, password: string, kind: 'argon2id' | 'scram'): Promise<Account> {
  const parsed = parsePasswordHash(await hashPassword(password, kind, randomBytes));
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return { user, secret: parsed.value, certificates: [], rights: anyRights };
}

const noLimits: Limits = {
  sessions: 50,
  sessionsPerAddress: Number.POSITIVE_INFINITY,
  connectionsPerMinute: Number.POSITIVE_INFINITY,
  messagesPerMinute: Number.POSITIVE_INFINITY,
  recipientsPerMinute: Number.POSITIVE_INFINITY,
  loginFailures: Number.POSITIVE_INFINITY,
};

const usualListener: ListenerSettings = {
  role: 'submission',
  address: '127.0.0.1',
  port: 0,
  tls: 'starttls',
  requireTls: false,
  networks: [{ family: 'ipv4', address: '127.0.0.0', prefix: 8 }],
  fronts: [],
  frontLogins: false,
  clientCertificates: 'off',
  bareLineEnding: 'refuse',
  proxies: [],
};

const usualDns: FakeDns = {
  mx: () => Promise.resolve(absent('no-such-name')),
  addresses: () => Promise.resolve(known(['127.0.0.1'])),
};

function toRoute({ domain: name, to, login, tls, requireTls, names = [] }: RouteSpec): Route {
  return {
    match: { kind: 'domain', domain: domain(name) },
    to:
      to === undefined
        ? null
        : {
            protocol: to.protocol ?? 'smtp',
            host: { kind: 'name', name: domain(to.host) },
            port: to.port,
          },
    login: login ?? null,
    tls: tls ?? null,
    onBlocked: null,
    requireTls: requireTls ?? null,
    names: names.map(toPattern),
    hello: { kind: 'domain', domain: domain('relay.test') },
    source: null,
    connections: null,
    messagesPerMinute: null,
  };
}

function toDomain({ name, backend, recipients, aliases = [] }: DomainSpec): LocalDomain {
  return {
    name: domain(name),
    backend: {
      protocol: backend.protocol ?? 'smtp',
      host: { kind: 'ip', address: '127.0.0.1' },
      port: backend.port,
    },
    tls: null,
    requireTls: 'opportunistic',
    names: [],
    aliases: aliases.map(toAlias),
    recipients:
      typeof recipients === 'string' ? { kind: recipients } : { kind: 'table', locals: new Set(recipients) },
  };
}

function toAlias(text: string): Alias {
  const alias = parseAlias(text);
  if (alias.kind !== 'ok') throw new Error(alias.because);
  return alias.value;
}

function toPattern(text: string): NamePattern {
  return text.startsWith('.')
    ? { kind: 'below', domain: domain(text.slice(1)) }
    : { kind: 'domain', domain: domain(text) };
}
