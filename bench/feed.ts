/**
 * The near end of the benches of relaying: some sessions that hand in message after message, in clear and pipelined, and
 * the time that each `250` took.
 *
 * It shares no code with the relay it measures. A process of its own; the first line on stdin starts it, each line is
 * answered with what it has counted so far.
 */
import { connect, type Socket } from 'node:net';

export interface Counts {
  /** Taken with 250. */
  readonly messages: number;
  readonly recipients: number;
  /** From the last octet of the content to its 250, ms; 0 where there was none. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const { env } = process;
const port = Number(env['FEED_PORT']);
const wanted = Number(env['FEED_MESSAGES']);
const sessions = Number(env['FEED_SESSIONS'] ?? 20);
const perMessage = Number(env['FEED_RECIPIENTS'] ?? 1);
const domain = env['FEED_DOMAIN'] ?? 'sink.test';
/** So many domains below it; 0: only itself. */
const domains = Number(env['FEED_DOMAINS'] ?? 0);
/** Recipients of a message that follow each other in one of them. */
const NEIGHBOURS = 10;
const text = `${`${'x'.repeat(70)}\r\n`.repeat(Math.floor(Number(env['FEED_BYTES'] ?? 4_096) / 72))}.\r\n`;

const took = new Float64Array(wanted);
let begun = 0;
let taken = 0;
let started = false;

process.stdin.on('data', () => {
  if (!started) for (let session = 0; session < Math.min(sessions, wanted); session++) open();
  started = true;
  const sorted = took.slice(0, taken).toSorted();
  const at = (share: number): number => sorted[Math.min(taken - 1, Math.floor(taken * share))] ?? 0;
  const counts: Counts = {
    messages: taken,
    recipients: taken * perMessage,
    p50: at(0.5),
    p99: at(0.99),
    longest: at(1),
  };
  process.stdout.write(`${JSON.stringify(counts)}\n`);
});
process.stdin.on('end', () => process.exit());
process.stdout.write('ready\n');

function open(): void {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const next = talker(socket);
  next('', 1, () => next('EHLO source.test\r\n', 1, () => hand(socket, next)));
}

function hand(socket: Socket, next: Next): void {
  if (begun === wanted) return void socket.end('QUIT\r\n');
  const index = begun++;
  const recipients = Array.from({ length: perMessage }, (_, number) =>
    recipient(index * perMessage + number),
  );
  const envelope = `MAIL FROM:<source@source.test>\r\n${recipients.join('')}DATA\r\n`;
  next(envelope, perMessage + 2, () => {
    const sentAt = performance.now();
    next(`${header(index)}${text}`, 1, () => {
      took[taken++] = performance.now() - sentAt;
      hand(socket, next);
    });
  });
}

function recipient(number: number): string {
  const below = domains === 0 ? '' : `d${Math.floor(number / NEIGHBOURS) % domains}.`;
  return `RCPT TO:<user${number}@${below}${domain}>\r\n`;
}

function header(index: number): string {
  return (
    `From: <source@source.test>\r\nTo: <sink@sink.test>\r\nSubject: message ${index}\r\n` +
    `Date: Sun, 29 Nov 2026 00:00:00 +0000\r\nMessage-ID: <${process.pid}.${index}@source.test>\r\n\r\n`
  );
}

/** Says something, and goes on when so many replies have come, of which none refuses. */
type Next = (say: string, replies: number, then: () => void) => void;

function talker(socket: Socket): Next {
  let unread = '';
  let missing = 0;
  let proceed = (): void => undefined;
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    unread += chunk;
    let at = 0;
    for (let end = unread.indexOf('\n', at); end !== -1; end = unread.indexOf('\n', at)) {
      const isLast = unread[at + 3] === ' ';
      if (isLast && !/[23]/.test(unread[at] ?? '')) fail(unread.slice(at, end));
      at = end + 1;
      if (isLast) missing -= 1;
    }
    unread = unread.slice(at);
    if (missing === 0) proceed();
  });
  socket.on('error', (error) => fail(error.message));
  return (say, replies, then) => {
    missing = replies;
    proceed = then;
    if (say !== '') socket.write(say, 'latin1');
  };
}

/** What is not taken makes no figure. */
function fail(because: string): never {
  process.stderr.write(`feed: ${because}\n`);
  process.exit(1);
}
