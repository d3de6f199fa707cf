/** LDAP: messages in BER (RFC 4511). */
import { type Dialect, EVIL, SECRET } from '../dialect.ts';

/** One element; its content is shorter than 64 KiB. */
function element(tag: number, ...parts: readonly string[]): string {
  const content = parts.join('');
  const { length } = content;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 0xff];
  return String.fromCharCode(tag, ...size) + content;
}

const number = (value: number): string => element(0x02, String.fromCharCode(value));
const text = (value: string): string => element(0x04, value);
const message = (id: number, ...parts: readonly string[]): string => element(0x30, number(id), ...parts);
const result = (code: number, words = ''): string =>
  `${element(0x0a, String.fromCharCode(code))}${text('')}${text(words)}`;

const START_TLS = '1.3.6.1.4.1.1466.20037';
const PASSWORD_MODIFY = '1.3.6.1.4.1.4203.1.11.1';
const SUCCESS = '\x0a\x01\x00';
const BIND_ID = 2;

/** Octets of the message that comes first. */
export function messageEnds(unread: string): number | undefined {
  const first = unread.charCodeAt(1);
  if (Number.isNaN(first)) return undefined;
  const octets = first < 128 ? 0 : first - 128;
  let length = octets === 0 ? first : 0;
  for (let at = 2; at < 2 + octets; at++) length = length * 256 + unread.charCodeAt(at);
  const end = 2 + octets + length;
  return end <= unread.length ? end : undefined;
}

/** Success of a search, or of a bind, which everything else is taken for; a second StartTLS is refused (RFC 4511 §4.14.2). */
function answerTo(request: string): string {
  const octets = request.charCodeAt(1);
  const at = octets < 128 ? 2 : 2 + octets - 128;
  const id = request.charCodeAt(at + 2);
  if (request.includes(START_TLS)) return message(id, element(0x78, result(1)));
  return message(id, element(request.charCodeAt(at + 3) === 0x63 ? 0x65 : 0x61, result(0)));
}

const bindAnswer = (id: number, words = ''): string => message(id, element(0x61, result(0, words)));
const bind = message(BIND_ID, element(0x60, number(3), text('cn=wax'), element(0x80, SECRET)));

/** A referral in answer to StartTLS: result 10, and where to go. */
export const referral = (url: string): string =>
  message(1, element(0x78, result(10), element(0xa3, text(url))));

/** An entry of a search that nobody began. */
export const strayEntry = message(1, element(0x64, text(`cn=${EVIL}`), element(0x30)));

export const ldap: Dialect = {
  protocol: 'ldap',
  greeting: () => '',
  greetsInside: false,
  ask: null,
  askInside: null,
  upgrade: message(1, element(0x77, element(0x80, START_TLS))),
  isUpgrade: (request) => request.includes(START_TLS),
  goAhead: message(1, element(0x78, result(0))),
  wrongGoAhead: message(1, element(0x78, result(0), element(0x8a, PASSWORD_MODIFY))),
  refusal: (words) => message(1, element(0x78, result(52, words))),
  refusalHasWords: true,
  login: bind,
  loginInside: bind,
  loginOfPlainClient: bind,
  answer: answerTo,
  bait: bindAnswer(BIND_ID, EVIL),
  // The words of the answer begin in clear and end with the next message inside.
  fragment: bindAnswer(BIND_ID, EVIL + bindAnswer(BIND_ID)).slice(0, -bindAnswer(BIND_ID).length),
  // A search of the object itself, whatever its class.
  probe: (word) =>
    message(
      7,
      element(
        0x63,
        text(word),
        element(0x0a, '\0'),
        element(0x0a, '\0'),
        number(0),
        number(0),
        element(0x01, '\0'),
        element(0x87, 'objectClass'),
        element(0x30),
      ),
    ),
  requestEnds: messageEnds,
  answerEnds: messageEnds,
  isPositive: (answer, to) => (to === 'goAhead' ? answer === ldap.goAhead : answer.includes(SUCCESS)),
  offersStartTls: () => true,
};
