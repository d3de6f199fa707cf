/** The queue as a person reads it. */
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { counted } from '../names/count.ts';
import type {
  QueuedDelivery,
  QueuedMessage,
  QueuedPause,
  QueuedRecipient,
  QueuedTrail,
} from '../relay/control-api.ts';
import type { SuppressedRecipient } from '../relay/control-clients.ts';
import { formatTable, growingTable } from './table.ts';
import { oneLine } from './terminal.ts';

/**
 * One line per recipient: what, for whom, since when, and why it is still here.
 *
 * @returns what lays out one page after the other; the first one may be empty, the further ones go on in its columns.
 */
export function listFormat(now: number): (messages: readonly QueuedMessage[]) => string {
  const inTable = growingTable();
  let begun = false;
  return (messages) => {
    const head = begun ? [] : [['ID', 'AGE', 'FROM', 'TO', 'STATE', 'WHY']];
    if (!begun && messages.length === 0) return 'the queue is empty\n';
    begun = true;
    return inTable([...head, ...messages.flatMap((message) => rowsOf(message, now))]);
  };
}

function rowsOf(message: QueuedMessage, now: number): string[][] {
  return message.recipients.map((recipient) => [
    message.id,
    age(now - Date.parse(message.receivedAt)),
    message.sender === '' ? '<>' : message.sender,
    recipient.address,
    listedState(recipient),
    oneLine(recipient.lastWord ?? ''),
  ]);
}

/** What has to be known before all else. */
export function formatNotices(notices: readonly string[]): string {
  return notices.map((notice) => `NOTE: ${oneLine(notice)}\n`).join('');
}

/** One line per destination that is stopped. */
export function formatPauses(pauses: readonly QueuedPause[]): string {
  if (pauses.length === 0) return 'nothing is paused\n';
  return pauses.map((pause) => `${pause.destination} is ${pausedState(pause)}\n`).join('');
}

/** One line for each recipient to whom bulk mail does not arrive. */
export function formatSuppressed(all: readonly SuppressedRecipient[]): string {
  if (all.length === 0) return 'nobody is suppressed\n';
  const rows = all.map(({ address, since, bounces, status, diagnostic }) => [
    oneLine(address),
    since,
    String(bounces.length),
    status,
    oneLine(diagnostic ?? ''),
  ]);
  return formatTable([['RECIPIENT', 'SINCE', 'BOUNCES', 'STATUS', 'LAST WORD'], ...rows]);
}

/** Why it is not delivered, then everything known about one message, oldest first. */
export function formatTrail(trail: QueuedTrail): string {
  const head = [
    ...trail.recipients.map(({ address, why }) => `${address}: ${oneLine(why.line)} [${why.cause}]`),
    '',
    `${trail.id} from <${trail.sender}>, ${trail.size} octets, taken ${trail.receivedAt}`,
    ...trail.recipients.map((recipient) => `  ${recipient.address}: ${stateLine(recipient)}`),
  ];
  const events = trail.events.flatMap((event) => [describeEvent(event), ...describeTls(event)]);
  const transcripts = trail.transcripts.flatMap(({ address, at, lines }) => [
    `what was said for ${address} in the attempt of ${at}:`,
    ...lines.map((line) => `  ${line}`),
  ]);
  return `${[...head, '', ...events, ...(transcripts.length === 0 ? [] : ['', ...transcripts])].join('\n')}\n`;
}

/** One event on one line: when, what, where, and the reply. */
export function describeEvent({ event, at, to, mx, reply, attempt, nextAttemptAt }: DeliveryEvent): string {
  const where =
    mx === null
      ? ''
      : ` ${mx.host}${mx.address === null || mx.address === mx.host ? '' : ` [${mx.address}]`}:${mx.port}`;
  const said =
    reply === null
      ? ''
      : ` "${[reply.code, reply.enhanced, oneLine(reply.text)].filter((part) => part !== null).join(' ')}"`;
  const next = nextAttemptAt === null ? '' : `, next try ${nextAttemptAt}`;
  return `${at} ${event} ${to}${where}${said}${attempt === 0 ? '' : `, attempt ${attempt}`}${next}`;
}

/** The TLS verdict, as a second line. */
export function describeTls({ tls }: DeliveryEvent): string[] {
  if (tls === null) return [];
  const session = [tls.version, tls.cipher, tls.group].filter((part) => part !== null).join(' ');
  const outcome = tls.outcome ?? 'not delivered';
  const required = `required ${tls.required} by ${tls.by}`;
  return [
    `    ${[outcome, session, required].filter((part) => part !== '').join('; ')}: ${oneLine(tls.because)}`,
  ];
}

function listedState({ delivery, pause }: QueuedRecipient): string {
  return pause === null || !isPending(delivery) ? stateOf(delivery) : `${stateOf(delivery)}, paused`;
}

function pausedState({ until }: QueuedPause): string {
  return until === null ? 'paused' : `paused until ${until}`;
}

function isPending({ kind }: QueuedDelivery): boolean {
  return kind === 'waiting' || kind === 'held';
}

function stateLine(recipient: QueuedRecipient): string {
  const { delivery, pause } = recipient;
  switch (delivery.kind) {
    case 'waiting':
    case 'held':
      return [
        `${stateOf(delivery)}, ${counted(delivery.attempts, 'attempt')}`,
        // What an operator holds is not tried at any time.
        ...(delivery.kind === 'held' && delivery.by === 'operator' ? [] : [`next try ${delivery.notBefore}`]),
        ...(pause === null ? [] : [`its destination ${pause.destination} is ${pausedState(pause)}`]),
      ].join(', ');
    case 'attempting':
      return `attempt ${delivery.attempts + 1} is under way`;
    case 'delivered':
    case 'bounced':
    case 'cancelled':
      return `${delivery.kind} ${delivery.at}`;
  }
}

function stateOf(delivery: QueuedDelivery): string {
  if (delivery.kind === 'held') return `held by ${delivery.by}`;
  return delivery.kind === 'waiting' && delivery.attempts > 0 ? 'deferred' : delivery.kind;
}

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.max(Math.floor(ms / 1000), 0)}s`;
  if (minutes < 60) return `${minutes}m`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 1440)}d`;
}
