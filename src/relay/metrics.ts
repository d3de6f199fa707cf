/** What the relay counts, for Prometheus. No label comes from a peer: each has a few fixed words. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { DnssecStatus } from '../dns/answer.ts';
import { deliveryEventNames, type RelayEvent } from '../events/delivery-event.ts';
import type { ReturnedEvent } from '../events/returned-event.ts';
import type { TrackChange } from '../policies/memory/track.ts';
import { resultTypes } from '../reports/tls-rpt/result-types.ts';
import type { ResultSource, SessionResult } from '../reports/tls-rpt/session-result.ts';
import type { QueueFigures } from '../store/queue-figures.ts';
import type { LoginNote } from './login-log.ts';
import type { RememberedTls } from './tls-memory.ts';

export interface RelayMetrics {
  events(list: readonly RelayEvent[]): void;
  session(result: SessionResult, source: ResultSource): void;
  datagram(kind: (typeof DATAGRAMS)[number]): void;
  answered(status: DnssecStatus): void;
  login(note: LoginNote): void;
  /** What the memory of TLS has noticed. */
  remembered(change: Pick<TrackChange, 'kind'>): void;
  /** @param seconds from the call to its answer. */
  stored(call: 'accept' | 'settle', seconds: number): void;
}

export interface RelayMetricsParts {
  readonly registry: Registry;
  /** Asked when somebody looks, at most every few seconds. */
  readonly figures: () => QueueFigures;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const DATAGRAMS = ['counted', 'unusable', 'too_long'] as const;
const STATUSES = ['secure', 'insecure', 'bogus', 'indeterminate'] as const satisfies readonly DnssecStatus[];
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
/** Those that a session between mail servers may end up with; another counts as `other`. */
const GROUPS = [
  'X25519MLKEM768',
  'SecP256r1MLKEM768',
  'X25519',
  'prime256v1',
  'secp384r1',
  'secp521r1',
  'X448',
];
/** What the queue is asked costs time where it is long. */
const FIGURES_MS = 10_000;
const COMMIT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export function relayMetrics({ registry, figures, now }: RelayMetricsParts): RelayMetrics {
  const registers = [registry];
  // The process and its event loop, by the names that dashboards for Node know.
  collectDefaultMetrics({ register: registry });
  addQueue(registry, figures, now);
  const events = new Counter({
    name: 'waxwing_events_total',
    help: 'Events by recipient: what happened, how the message travelled, and the layer that decided.',
    labelNames: ['event', 'outcome', 'by'],
    registers,
  });
  for (const event of [...deliveryEventNames, 'credential-exposed'])
    events.inc({ event, outcome: 'none', by: 'none' }, 0);
  const tls = new Counter({
    name: 'waxwing_tls_recipients_total',
    help: 'Recipients whose mail came or went over TLS, by direction, version and key exchange group.',
    labelNames: ['direction', 'version', 'group'],
    registers,
  });
  const sessions = new Counter({
    name: 'waxwing_tls_sessions_total',
    help: 'Sessions with other servers by source, type of policy, and success or the first failure. One with two policies counts under each.',
    labelNames: ['source', 'policy', 'result'],
    registers,
  });
  for (const result of ['success', ...resultTypes])
    sessions.inc({ source: 'waxwing', policy: 'no-policy-found', result }, 0);
  const datagrams = new Counter({
    name: 'waxwing_tlsrpt_datagrams_total',
    help: 'Datagrams of libtlsrpt: counted, not usable, or too long.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of DATAGRAMS) datagrams.inc({ kind }, 0);
  const answers = new Counter({
    name: 'waxwing_dns_answers_total',
    help: 'Answers of the DNS that mail was decided by, by their DNSSEC status.',
    labelNames: ['status'],
    registers,
  });
  for (const status of STATUSES) answers.inc({ status }, 0);
  const returned = addReturned(registry);
  const login = addLogins(registry);
  const stored = new Histogram({
    name: 'waxwing_store_seconds',
    help: 'How long the queue takes to keep a message (accept) or a result (settle), its flush included.',
    labelNames: ['call'],
    buckets: COMMIT_SECONDS,
    registers,
  });
  return {
    events(list) {
      for (const event of list) {
        const { tls: how } = event;
        events.inc({ event: event.event, outcome: how?.outcome ?? 'none', by: how?.by ?? 'none' });
        if (event.event === 'returned') returned(event);
        const direction = DIRECTIONS.get(event.event);
        if (direction !== undefined && how !== null && how.version !== null)
          tls.inc({ direction, version: oneOf(VERSIONS, how.version), group: oneOf(GROUPS, how.group) });
      }
    },
    session({ policies }, source) {
      for (const { policy, final, failures } of policies) {
        const result = final === 'success' ? 'success' : (failures[0]?.type ?? 'validation-failure');
        sessions.inc({ source, policy: policy.type, result });
      }
    },
    datagram: (kind) => datagrams.inc({ kind }),
    answered: (status) => answers.inc({ status }),
    login,
    remembered: addMemory(registry),
    stored: (call, seconds) => stored.observe({ call }, seconds),
  };
}

function addReturned(registry: Registry): (event: ReturnedEvent) => void {
  const mail = new Counter({
    name: 'waxwing_returned_total',
    help: 'What came back to bounce addresses: what its report says (none: it is no report), and whether the address is ours.',
    labelNames: ['action', 'proof'],
    registers: [registry],
  });
  mail.inc({ action: 'failed', proof: 'ours' }, 0);
  return ({ action, proof }) => mail.inc({ action: action ?? 'none', proof });
}

const CHANGES = { 'stands-against': 'fell_short', 'gave-way': 'gave_way' } as const;

function addMemory(registry: Registry): RelayMetrics['remembered'] {
  const changes = new Counter({
    name: 'waxwing_memory_changes_total',
    help: 'What the memory of TLS has noticed: a session that fell short of those before it (fell_short), and that this was so for too long to go on expecting more (gave_way).',
    labelNames: ['change'],
    registers: [registry],
  });
  for (const change of Object.values(CHANGES)) changes.inc({ change }, 0);
  return ({ kind }) => changes.inc({ change: CHANGES[kind] });
}

function addLogins(registry: Registry): RelayMetrics['login'] {
  const registers = [registry];
  const failures = new Counter({
    name: 'waxwing_login_failures_total',
    help: 'Logins that failed, by mechanism and reason: password, unknown (there is no such account), certificate.',
    labelNames: ['mechanism', 'reason'],
    registers,
  });
  failures.inc({ mechanism: 'PLAIN', reason: 'password' }, 0);
  const lockouts = new Counter({
    name: 'waxwing_login_lockouts_total',
    help: 'How often an address was refused for a while after too many failed logins.',
    registers,
  });
  return (note) => {
    if (note.kind === 'lockout') lockouts.inc();
    else failures.inc({ mechanism: note.mechanism, reason: note.reason });
  };
}

const DIRECTIONS: ReadonlyMap<string, string> = new Map([
  ['received', 'in'],
  ['delivered', 'out'],
]);

function oneOf(known: readonly string[], value: string | null): string {
  if (value === null) return 'unknown';
  return known.includes(value) ? value : 'other';
}

function addQueue(registry: Registry, figures: () => QueueFigures, now: () => number): void {
  const registers = [registry];
  let readAt = Number.NEGATIVE_INFINITY;
  // Whichever of them is shown first reads for all.
  function collect(): void {
    const at = now();
    if (Math.abs(at - readAt) < FIGURES_MS) return;
    readAt = at;
    const { openMessages, oldestSince, heldByCause, pausedDestinations } = figures();
    open.set(openMessages);
    oldest.set(oldestSince === null ? 0 : Math.max(0, (at - oldestSince) / 1000));
    paused.set(pausedDestinations);
    held.reset();
    for (const { cause, recipients } of heldByCause)
      held.inc({ cause: oneOf(resultTypes, cause) }, recipients);
  }
  const open = new Gauge({
    name: 'waxwing_queue_messages',
    help: 'Messages with a recipient that is not final.',
    registers,
    collect,
  });
  const oldest = new Gauge({
    name: 'waxwing_queue_oldest_seconds',
    help: 'Age of the oldest message that is not final; 0 where there is none.',
    aggregator: 'max',
    registers,
    collect,
  });
  const held = new Gauge({
    name: 'waxwing_queue_held_recipients',
    help: 'Recipients held for want of TLS, by the cause.',
    labelNames: ['cause'],
    registers,
    collect,
  });
  const paused = new Gauge({
    name: 'waxwing_queue_paused_destinations',
    help: 'Destinations that an operator has paused.',
    // A pause holds in the queues of all workers.
    aggregator: 'max',
    registers,
    collect,
  });
}

/** Shows for how many recipients no bulk mail is taken. @param count asked when somebody looks. */
export function showSuppressed(registry: Registry, count: () => number): void {
  const recipients = new Gauge({
    name: 'waxwing_suppressed_recipients',
    help: 'Recipients for whom no mail of bounce addresses is taken any more.',
    // All workers read the same store.
    aggregator: 'max',
    registers: [registry],
    collect() {
      recipients.set(count());
    },
  });
}

const REMEMBERED = ['broken', 'small-hello'] as const satisfies readonly RememberedTls['kind'][];

/** Shows at how many hosts TLS is not tried, or begins with a small ClientHello. @param remembered asked when somebody looks. */
export function showRememberedTls(registry: Registry, remembered: () => readonly RememberedTls[]): void {
  const hosts = new Gauge({
    name: 'waxwing_tls_remembered_hosts',
    help: 'Addresses of hosts at which TLS has failed each time and is not tried for a while (broken), or that need a small ClientHello.',
    labelNames: ['kind'],
    // Each worker finds out by itself.
    aggregator: 'max',
    registers: [registry],
    collect() {
      const now = remembered();
      for (const kind of REMEMBERED) hosts.set({ kind }, now.filter((one) => one.kind === kind).length);
    },
  });
}
