/**
 * Events as lines of a Postfix's log, for the tools that read such logs.
 *
 * The lines are those of Postfix 3.7 and 3.10, as `maillog_file` has them: the time of RFC 3164 §4.1.2, local, without a
 * year. What an event does not tell is left out, or is what Postfix writes where it does not know.
 */
import { civilDate } from '../names/calendar.ts';
import {
  type DeliveryEvent,
  type EventArrival,
  type EventTls,
  isDeliveryEvent,
  type LoggedEvent,
} from './delivery-event.ts';

export interface PostfixLogSettings {
  /** The first label of our name, as syslog has it. */
  readonly host: string;
  readonly pid: number;
  /** The moment that an event tells in text; milliseconds since 1970. */
  readonly momentOf: (rfc3339: string) => number;
  /** Minutes by which local time is ahead of UTC at that moment; milliseconds since 1970. */
  readonly offsetAt: (at: number) => number;
}

/** Writes events as lines, each with its LF; it remembers which messages have recipients left. */
export type PostfixLog = (events: readonly LoggedEvent[]) => string;

/** Messages whose end is waited for; of those beyond, the oldest are forgotten, and nobody says that they were removed. */
const MOST_OPEN = 100_000;

export function postfixLog(settings: PostfixLogSettings, mostOpen = MOST_OPEN): PostfixLog {
  /** Recipients that have not ended, by message; the oldest first. */
  const open = new Map<string, number>();

  function arrived(event: DeliveryEvent): readonly Line[] {
    if (event.arrival === undefined || open.has(event.id)) return [];
    open.set(event.id, event.arrival.recipients);
    for (const oldest of open.keys()) {
      if (open.size <= mostOpen) break;
      open.delete(oldest);
    }
    return arrivalLines(event, event.arrival);
  }

  function ended(event: DeliveryEvent): readonly Line[] {
    const left = open.get(event.id);
    if (left === undefined) return [];
    if (left > 1) {
      open.set(event.id, left - 1);
      return [];
    }
    open.delete(event.id);
    return [[event.event === 'cancelled' ? 'postsuper' : 'qmgr', `${queueId(event.id)}: removed`]];
  }

  function linesOf(event: DeliveryEvent, at: number): readonly Line[] {
    switch (event.event) {
      case 'received':
        return arrived(event);
      case 'delivered':
        return [...tlsLine(event), attemptLine(event, at, 'sent'), ...ended(event)];
      case 'deferred':
      case 'blocked':
        return [...tlsLine(event), attemptLine(event, at, 'deferred')];
      case 'bounced':
      case 'dropped':
        return [...tlsLine(event), attemptLine(event, at, 'bounced'), ...ended(event)];
      case 'held':
        // Mail that is held for want of TLS is deferred to Postfix's mind, and `blocked` has said so.
        return event.tls === null ? [['postsuper', `${queueId(event.id)}: placed on hold`]] : [];
      case 'released':
        return [['postsuper', `${queueId(event.id)}: released from hold`]];
      case 'cancelled':
        return ended(event);
    }
  }

  return (events) => {
    let text = '';
    /** Postfix says it once for a session; events tell it for each recipient. */
    let lastTls = '';
    for (const event of events) {
      if (!isDeliveryEvent(event)) continue;
      const at = settings.momentOf(event.at);
      const front = `${timestamp(at + settings.offsetAt(at) * 60_000)} ${settings.host} postfix/`;
      for (const [program, words] of linesOf(event, at)) {
        const line = `${program}[${settings.pid}]: ${words}\n`;
        const isTls = words.includes(ESTABLISHED);
        if (isTls && line === lastTls) continue;
        if (isTls) lastTls = line;
        text += front + line;
      }
    }
    return text;
  };
}

/** A program of Postfix, and what it says; printable, on one line. */
type Line = readonly [program: string, words: string];

const ESTABLISHED = ' TLS connection established ';

function arrivalLines({ id, from, tls }: DeliveryEvent, arrival: EventArrival): readonly Line[] {
  const queued = queueId(id);
  const { by, uid, account, messageId, size, recipients } = arrival;
  const client = `unknown[${arrival.client ?? 'unknown'}]`;
  const login = account === null ? '' : `, sasl_username=${word(account)}`;
  const taken: readonly Line[] =
    by === 'local'
      ? [['pickup', `${queued}: uid=${uid ?? 0} from=<${address(from)}>`]]
      : [
          // The certificate of a client is no part of what is told of its session.
          ...session(tls, (how) => ['smtpd', `Anonymous${ESTABLISHED}from ${client}: ${how}`] as const),
          ['smtpd', `${queued}: client=${client}${login}`],
        ];
  return [
    ...taken,
    ...(messageId === null ? [] : [['cleanup', `${queued}: message-id=${plain(messageId)}`] as const]),
    ['qmgr', `${queued}: from=<${address(from)}>, size=${size}, nrcpt=${recipients} (queue active)`],
  ];
}

/** What Postfix calls a session, by what ours came to: docs/operating.md has the table. */
function trustOf({ outcome, certificateSha256 }: EventTls): string {
  if (outcome === 'authenticated') return 'Verified';
  return certificateSha256 === null ? 'Anonymous' : 'Untrusted';
}

function tlsLine({ mx, tls }: DeliveryEvent): readonly Line[] {
  if (mx === null || tls === null) return [];
  const place = placeOf(mx);
  return session(tls, (how) => ['smtp', `${trustOf(tls)}${ESTABLISHED}to ${place}: ${how}`] as const);
}

function session(tls: EventTls | null, line: (how: string) => Line): readonly Line[] {
  if (tls === null || tls.version === null || tls.cipher === null) return [];
  const bits = bitsOf(tls.cipher);
  const group = tls.group === null ? '' : ` key-exchange ${plain(tls.group)}`;
  return [line(`${plain(tls.version)} with cipher ${plain(tls.cipher)}${bits}${group}`)];
}

/** The length of the key stands in the name of the suite. */
function bitsOf(cipher: string): string {
  if (/AES_?256|CHACHA20/.test(cipher)) return ' (256/256 bits)';
  return /AES_?128/.test(cipher) ? ' (128/128 bits)' : '';
}

function attemptLine(event: DeliveryEvent, at: number, status: 'sent' | 'deferred' | 'bounced'): Line {
  const { id, to, mx } = event;
  const waited = Math.max(0, at - arrivedAt(id));
  const delay = delayOf(waited);
  const relay = mx === null || mx.address === null ? 'none' : placeOf(mx);
  const words = [
    `${queueId(id)}: to=<${address(to)}>`,
    `relay=${relay}`,
    `delay=${delay}`,
    // How it was spent is not told: all of it counts as spent in the queue.
    `delays=0/${delay}/0/0`,
    `dsn=${dsnOf(event, status)}`,
    `status=${status} (${reasonOf(event, status)})`,
  ];
  return ['smtp', words.join(', ')];
}

function reasonOf({ mx, reply, tls }: DeliveryEvent, status: 'sent' | 'deferred' | 'bounced'): string {
  if (reply === null) return plain(tls?.because ?? 'no reason is known');
  const { code, enhanced, text } = reply;
  const said = plain(enhanced === null ? `${code} ${text}` : `${code} ${enhanced} ${text}`);
  if (status === 'sent' || mx === null) return said;
  return `host ${mx.address === null ? plain(mx.host) : hostOf(mx.host, mx.address)} said: ${said}`;
}

/** RFC 3463 §2: the class of the code says what became of it, so one of another class is not told. §3.8: X.7.0 is about security. */
function dsnOf({ event, reply }: DeliveryEvent, status: 'sent' | 'deferred' | 'bounced'): string {
  const kind = { sent: '2', deferred: '4', bounced: '5' }[status];
  const enhanced = reply?.enhanced ?? null;
  if (enhanced?.startsWith(`${kind}.`) === true) return plain(enhanced);
  return event === 'blocked' || event === 'dropped' ? `${kind}.7.0` : `${kind}.0.0`;
}

function placeOf({ host, address: at, port }: NonNullable<DeliveryEvent['mx']>): string {
  return `${at === null ? plain(host) : hostOf(host, at)}:${port}`;
}

function hostOf(host: string, at: string): string {
  return `${plain(host)}[${plain(at)}]`;
}

/** Letters and digits alone, as parsers expect; copies of a message (`ID-1`) get an x, which no id has there. */
function queueId(id: string): string {
  return plain(id).replaceAll('-', 'x');
}

/** An id begins with the time of the arrival, in base 36. */
function arrivedAt(id: string): number {
  return Number.parseInt(id.slice(0, 8), 36);
}

/** Seconds with two digits that count, at most two behind the point: Postfix's delay_logging_resolution_limit. */
function delayOf(ms: number): string {
  const value = ms / 1000;
  const digits = value >= 10 ? 0 : value >= 1 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/**
 * Whatever comes from outside: without it a reply or an address could end the line, and the next one would be theirs.
 *
 * U+0085, U+2028 and U+2029 are line breaks to some who read logs.
 */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu, '?');
}

/** In `to=<…>`: a quoted local part may hold the bracket that ends it, and what looks like the rest of the line. */
function address(text: string): string {
  return plain(text).replace(/[<>]/g, '?');
}

/** What stands up to the next comma. */
function word(text: string): string {
  return plain(text).replace(/[\s,]/gu, '?');
}

const MS_PER_DAY = 86_400_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Nov  9 01:02:03`: RFC 3164 §4.1.2, the day with a space in front where it has one digit. */
function timestamp(local: number): string {
  const days = Math.floor(local / MS_PER_DAY);
  const seconds = Math.floor((local - days * MS_PER_DAY) / 1000);
  const { month, day } = civilDate(days);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const time = clock.map((part) => String(part).padStart(2, '0')).join(':');
  return `${MONTHS[month]} ${String(day).padStart(2)} ${time}`;
}
