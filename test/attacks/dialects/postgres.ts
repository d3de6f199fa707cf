/** PostgreSQL's protocol, version 3. */
import { type Dialect, EVIL, SECRET } from '../dialect.ts';

const int32 = (value: number): string =>
  String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
const typed = (type: string, ...parts: readonly string[]): string => {
  const body = parts.join('');
  return type + int32(4 + body.length) + body;
};
const untyped = (...parts: readonly string[]): string => {
  const body = parts.join('');
  return int32(4 + body.length) + body;
};
const numberAt = (unread: string, at: number): number =>
  [0, 1, 2, 3].reduce((sum, index) => sum * 256 + unread.charCodeAt(at + index), 0);

/** A first message begins with the 0 of its length, all others with their type. */
function requestEnds(unread: string): number | undefined {
  const at = unread.startsWith('\0') ? 0 : 1;
  const end = at + numberAt(unread, at);
  return end <= unread.length ? end : undefined;
}

const SSL_REQUEST = untyped(int32(80_877_103));
const startup = (user: string): string => untyped(int32(196_608), `user\0${user}\0\0`);
const askForPassword = typed('R', int32(3));
const login = startup('wax') + typed('p', `${SECRET}\0`);

/** An ErrorResponse in the place of the one octet (CVE-2024-10977). */
const error = (words: string): string => typed('E', `SFATAL\0C08P01\0M${words}\0\0`);

export const postgres: Dialect = {
  protocol: 'postgres',
  greeting: () => '',
  greetsInside: false,
  ask: null,
  askInside: null,
  upgrade: SSL_REQUEST,
  isUpgrade: (request) => request === SSL_REQUEST,
  goAhead: 'S',
  wrongGoAhead: 's',
  refusal: error,
  refusalHasWords: true,
  login,
  loginInside: login,
  loginOfPlainClient: login,
  answer: (request) => {
    if (request === SSL_REQUEST) return error('no such protocol');
    return request.startsWith('p') ? typed('R', int32(0)) : askForPassword;
  },
  bait: typed('S', `${EVIL}\0on\0`),
  // The notice begins in clear and ends with the first answer inside.
  fragment: typed('N', `M${EVIL}`, askForPassword).slice(0, -askForPassword.length),
  probe: startup,
  requestEnds,
  answerEnds: (unread, to) => {
    if (to === 'goAhead' && !unread.startsWith('E')) return unread === '' ? undefined : 1;
    const end = 1 + numberAt(unread, 1);
    return end <= unread.length ? end : undefined;
  },
  isPositive: (answer, to) => (to === 'goAhead' ? answer === 'S' : !answer.startsWith('E')),
  offersStartTls: () => true,
};
