/** `waxwing send --direct`: one message straight to its hosts, with no relay and no queue. */
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { octetFacts } from '../mail/encodings.ts';
import { countHops } from '../mail/headers.ts';
import { withCrlf } from '../mail/line-endings.ts';
import type { HostPort } from '../names/address.ts';
import { isAscii } from '../names/domain.ts';
import { type MessageTerms, noTerms } from '../names/message-terms.ts';
import { noRecipientWishes, noSenderWishes } from '../names/wishes.ts';
import { startDeadlines } from '../net/deadlines.ts';
import type { SelfTest } from '../net/dns/self-test.ts';
import { attempt } from '../relay/attempt.ts';
import { routesOf } from '../relay/domains.ts';
import { newId } from '../relay/intake.ts';
import { byCourse } from '../relay/parcel.ts';
import { connectionPool } from '../relay/pool.ts';
import type { Outgoing } from '../relay/settings.ts';
import { settleRecipient } from '../relay/settle.ts';
import type { Config } from './config/config.ts';
import type { OutgoingFiles } from './config/files.ts';
import { noticeOf } from './dns-notices.ts';
import { openLookUps } from './look-up.ts';
import { outgoingOf } from './outgoing.ts';
import type { SendRequest } from './send.ts';

/** @returns the last event of each recipient. */
export async function sendDirect(
  request: SendRequest,
  config: Config,
  files: OutgoingFiles,
  toHost: HostPort | undefined,
): Promise<readonly DeliveryEvent[]> {
  const deadlines = startDeadlines(250);
  const lookUps = openLookUps(config, files, {
    whenUnprovable: 'use',
    onNotice: (test) => complainOfDns(test, config),
  });
  const outgoing = directOutgoing(config, outgoingOf(config, files, deadlines, lookUps.engine), toHost);
  const pool = connectionPool({ outgoing, perDestination: config.relay.connectionsPerDestination });
  const bytes = withCrlf(request.content);
  const properties = {
    ...octetFacts(bytes),
    size: bytes.length,
    hops: countHops(bytes),
    needsUtf8: ![request.from, ...request.to].every(isAscii),
  };
  const now = Date.now();
  const id = newId(now);
  const events: DeliveryEvent[] = [];
  const terms: MessageTerms = { ...noTerms, tls: request.requireTls ? 'requiretls' : null };
  const addressees = request.to.map((address) => ({ address, wishes: noRecipientWishes }));
  for (const group of byCourse(
    { sender: request.from, terms, recipients: addressees, release: null },
    outgoing,
  )) {
    const body = { kind: 'bytes', bytes } as const;
    const parcel = {
      ...group,
      destination: '',
      sender: request.from,
      wishes: noSenderWishes,
      terms,
      properties,
      body: () => Promise.resolve(body),
      // Nothing is kept here that could be repeated.
      onDelivered: () => Promise.resolve(),
    };
    const { recipients: results } = await attempt(parcel, outgoing, pool, Math.random);
    for (const result of results) {
      const { sender, wishes } = parcel;
      const message = {
        id,
        receivedAt: now,
        sender,
        wishes,
        terms,
        properties,
        warnedAt: null,
        heldNoticeAt: null,
        release: null,
      };
      const { address } = result;
      const recipient = {
        address,
        wishes: noRecipientWishes,
        attempts: 0,
        blockedBecause: null,
        toldCause: null,
      };
      const claim = { fence: 0, destination: '', message, recipients: [recipient] };
      const world = { now: Date.now, random: Math.random };
      events.push(
        ...settleRecipient({
          claim,
          recipient,
          result,
          transcript: [],
          schedule: config.relay.schedule,
          // Nothing is kept here: what is blocked is told as such, for whoever sends it again.
          holding: { onBlocked: 'hold', noticeAfterMs: Number.POSITIVE_INFINITY },
          world,
        }).settlement.events,
      );
    }
  }
  await pool.close();
  await lookUps.close();
  deadlines.close();
  // Nothing is queued here, so nothing will be tried again and nobody is told but the caller.
  return lastEvents(events.filter(({ event }) => event !== 'held')).map((event) => ({
    ...event,
    nextAttemptAt: null,
  }));
}

function complainOfDns(test: SelfTest, { dns }: Config): void {
  const notice = noticeOf(test, dns.dnssec);
  if (notice !== undefined) process.stderr.write(`${notice.says} ${notice.remedy}\n`);
}

/** `--to-host` is the operator's word: to this host, and the certificate must prove its name. */
function directOutgoing(
  config: Config,
  given: Omit<Outgoing, 'isSelf' | 'readersOf' | 'senderFor' | 'sign'>,
  toHost: HostPort | undefined,
): Outgoing {
  const outgoing: Outgoing = {
    ...given,
    isSelf: () => false,
    // Nothing is sent on and no notification is written here.
    readersOf: (mailbox) => [mailbox],
    senderFor: (sender) => sender,
    sign: undefined,
  };
  if (toHost === undefined) {
    // Of a domain only its backend matters here.
    const domains = config.domains.map((domain) => ({ ...domain, recipients: { kind: 'any' } as const }));
    return { ...outgoing, routes: [...routesOf(domains, config.hostname), ...outgoing.routes] };
  }
  const route = {
    match: { kind: 'any' },
    to: { protocol: 'smtp', ...toHost },
    login: null,
    tls: 'authenticate',
    requireTls: null,
    onBlocked: null,
    names: [],
    hello: config.hostname,
    source: null,
    connections: null,
    messagesPerMinute: null,
  } as const;
  return { ...outgoing, routes: [route] };
}

/** The newest event of each recipient. */
export function lastEvents(events: readonly DeliveryEvent[]): DeliveryEvent[] {
  const last = new Map<string, DeliveryEvent>();
  for (const event of events) last.set(event.to, event);
  return [...last.values()];
}
