/** The protocol of MySQL and MariaDB: packets of a length, a number and a payload. */
import { type Dialect, EVIL, SECRET } from '../dialect.ts';

const little = (value: number, octets: number): string =>
  Array.from({ length: octets }, (_, at) => String.fromCharCode((value >>> (8 * at)) & 0xff)).join('');
const packet = (number: number, ...parts: readonly string[]): string => {
  const payload = parts.join('');
  return little(payload.length, 3) + String.fromCharCode(number) + payload;
};

const SSL = 0x0800;
/** Long password, protocol 4.1, secure connection, plug-ins, transactions. */
const BASE = 0x0008_a201 & ~SSL;
const PLUGIN = 'mysql_native_password\0';
const FLAGS_AT = 4 + 1 + 'toy-5.7\0'.length + 4 + 8 + 1;

function packetEnds(unread: string): number | undefined {
  if (unread.length < 4) return undefined;
  const end = 4 + unread.charCodeAt(0) + unread.charCodeAt(1) * 256 + unread.charCodeAt(2) * 65_536;
  return end <= unread.length ? end : undefined;
}

const greeting = (flags: number): string =>
  packet(
    0,
    '\x0atoy-5.7\0',
    little(7, 4),
    'saltsalt\0',
    little(flags, 2),
    '\x21',
    little(2, 2),
    little(flags >>> 16, 2),
    '\x15',
    '\0'.repeat(10),
    'moresaltmore\0',
    PLUGIN,
  );

const head = (flags: number): string => `${little(flags, 4)}${little(0x100_0000, 4)}\x21${'\0'.repeat(23)}`;
/** A password under its own length, of the octets that everybody looks for. */
const response = (number: number, flags: number, user: string): string =>
  packet(number, head(flags), `${user}\0`, String.fromCharCode(SECRET.length), SECRET, PLUGIN);
const ok = (number: number, words = ''): string =>
  packet(number, '\0\0\0', little(2, 2), little(0, 2), words);
const OK_BYTES = ok(3).length;

export const mysql: Dialect = {
  protocol: 'mysql',
  greeting: ({ startTls }) => greeting(startTls === 'offered' ? BASE | SSL : BASE),
  greetsInside: false,
  ask: null,
  askInside: null,
  upgrade: packet(1, head(BASE | SSL)),
  isUpgrade: (request) => request.length === 36,
  // TLS begins at once.
  goAhead: '',
  wrongGoAhead: null,
  refusal: null,
  refusalHasWords: false,
  login: response(1, BASE, 'wax'),
  loginInside: response(2, BASE | SSL, 'wax'),
  loginOfPlainClient: response(1, BASE, 'wax'),
  answer: (request) => ok(request.charCodeAt(3) + 1),
  bait: ok(3, EVIL),
  fragment: packet(3, '\0\0\0', little(2, 2), little(0, 2), EVIL, ok(3)).slice(0, -OK_BYTES),
  probe: (word) => response(2, BASE | SSL, word),
  requestEnds: packetEnds,
  answerEnds: (unread, to) => (to === 'goAhead' ? 0 : packetEnds(unread)),
  isPositive: (answer, to) =>
    to === 'goAhead' ? answer === '' : answer.charCodeAt(4) === (to === 'greeting' ? 0x0a : 0),
  offersStartTls: (answer) => (answer.charCodeAt(FLAGS_AT + 1) & (SSL >> 8)) !== 0,
};
