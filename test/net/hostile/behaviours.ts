/** What a peer may do, and what must come of it at each level: the table that the tests go through. */
import type { Answer, Script } from '../../support/hostile-server.ts';

/** The name that routes lead to. */
export const PEER = 'mx.peer.test';

export type CertificateKind =
  | 'good'
  | 'wrong-name'
  | 'expired'
  | 'not-yet-valid'
  | 'self-signed'
  | 'common-name-only'
  | 'unknown-authority';

export const levels = ['off', 'may', 'encrypt', 'authenticate'] as const;
export type Level = (typeof levels)[number];

/**
 * What comes of it.
 *
 * `clear`, `encrypted`, `authenticated`: delivered so. `clear again`: delivered in clear on a second connection.
 * `blocked: …`: `blocked`, then `held`, and the reason holds the words behind the colon.
 */
export type Expected =
  | 'clear'
  | 'clear again'
  | 'encrypted'
  | 'authenticated'
  | 'deferred'
  | 'bounced'
  | `blocked: ${string}`;

export interface Behaviour {
  readonly name: string;
  readonly script: Partial<Script>;
  readonly certificate?: CertificateKind;
  /** In the order of {@link levels}. */
  readonly expected: readonly [Expected, Expected, Expected, Expected];
}

const stripped = ['PIPELINING', 'SIZE 50000000', '8BITMIME'];
const notOffered = everyRequired('clear', 'blocked: does not offer STARTTLS');
const refused = everyRequired('clear again', 'blocked: offered STARTTLS and refused it: ');
const noHandshake = everyRequired('clear again', `blocked: the TLS handshake with ${PEER} failed: `);
const injected = everyRequired(
  'deferred',
  'blocked: sent plaintext between the go-ahead and the handshake: ',
);
const offByOne = everyRequired('deferred', 'blocked: which is not an answer to it');
const alwaysDeferred = ['deferred', 'deferred', 'deferred', 'deferred'] as const;

export const behaviours: readonly Behaviour[] = [
  {
    name: 'honest',
    script: {},
    expected: ['clear', 'authenticated', 'authenticated', 'authenticated'],
  },
  { name: 'STARTTLS stripped from EHLO', script: { offers: stripped }, expected: notOffered },
  { name: 'STARTTLS masked', script: { offers: [...stripped, 'XXXXXXXA'] }, expected: notOffered },
  {
    name: 'STARTTLS refused with 454',
    script: { startTls: { say: '454 4.7.0 not now\r\n', next: 'stay' } },
    expected: refused,
  },
  {
    name: 'STARTTLS refused with 501',
    script: { startTls: { say: '501 5.5.4 no\r\n', next: 'stay' } },
    expected: refused,
  },
  {
    name: 'STARTTLS answered with 250',
    script: { startTls: { say: '250 2.0.0 fine\r\n', next: 'stay' } },
    expected: offByOne,
  },
  {
    name: 'a line injected behind the 220',
    script: { startTls: { say: '220 go\r\n250 injected\r\n', next: 'handshake' } },
    expected: injected,
  },
  {
    name: 'a fragment injected behind the 220',
    script: { startTls: { say: '220 go\r\n250-inj', next: 'handshake' } },
    expected: injected,
  },
  {
    name: 'a line injected 30 ms after the 220',
    script: {
      startTls: { say: '220 go\r\n', later: { ms: 30, say: '250 injected\r\n' }, next: 'stall' },
    },
    expected: injected,
  },
  {
    name: 'certificate for another name',
    script: {},
    certificate: 'wrong-name',
    expected: [
      'clear',
      'encrypted',
      'encrypted',
      'blocked: the certificate names other.test, not mx.peer.test',
    ],
  },
  {
    name: 'certificate expired',
    script: {},
    certificate: 'expired',
    expected: ['clear', 'encrypted', 'encrypted', 'blocked: CERT_HAS_EXPIRED'],
  },
  {
    name: 'certificate not yet valid',
    script: {},
    certificate: 'not-yet-valid',
    expected: ['clear', 'encrypted', 'encrypted', 'blocked: CERT_NOT_YET_VALID'],
  },
  {
    name: 'certificate self-signed',
    script: {},
    certificate: 'self-signed',
    expected: ['clear', 'encrypted', 'encrypted', 'blocked: DEPTH_ZERO_SELF_SIGNED_CERT'],
  },
  {
    name: 'certificate with the name in CN only',
    script: {},
    certificate: 'common-name-only',
    expected: ['clear', 'encrypted', 'encrypted', 'blocked: the certificate names no name at all'],
  },
  {
    name: 'certificate of an unknown authority',
    script: {},
    certificate: 'unknown-authority',
    expected: ['clear', 'encrypted', 'encrypted', 'blocked: UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  },
  {
    name: 'ClientHello never answered',
    script: { startTls: { say: '220 go\r\n', next: 'stall' } },
    expected: noHandshake,
  },
  {
    name: 'handshake dripped octet by octet',
    script: { startTls: { say: '220 go\r\n', next: 'drip' } },
    expected: noHandshake,
  },
  {
    name: 'closes after the 220',
    script: { startTls: { say: '220 go\r\n', next: 'close' } },
    expected: noHandshake,
  },
  {
    name: 'closes on the ClientHello',
    script: { startTls: { say: '220 go\r\n', next: 'close-on-hello' } },
    expected: noHandshake,
  },
  {
    name: 'a second greeting inside TLS (Opossum)',
    script: { insideFirst: '220 hostile.test again\r\n' },
    expected: offByOne,
  },
  {
    name: 'EHLO answered twice in clear',
    script: { answer: only('EHLO', 'clear', '250-hostile.test\r\n250 STARTTLS\r\n250 hostile.test\r\n') },
    expected: [
      'deferred',
      'deferred',
      'blocked: spoke out of turn before STARTTLS',
      'blocked: spoke out of turn before STARTTLS',
    ],
  },
  {
    name: 'EHLO answered twice inside TLS',
    script: { answer: only('EHLO', 'inside', '250 hostile.test\r\n250 hostile.test\r\n') },
    expected: ['clear', 'deferred', 'deferred', 'deferred'],
  },
  {
    name: 'MAIL answered twice',
    script: { answer: only('MAIL', 'both', '250 ok\r\n250 ok\r\n') },
    expected: alwaysDeferred,
  },
  {
    name: 'the final dot answered twice',
    script: { answer: only('DOT', 'both', '250 taken\r\n250 taken\r\n') },
    expected: ['clear', 'authenticated', 'authenticated', 'authenticated'],
  },
  {
    name: 'closes after the final dot, no reply',
    script: { answer: only('DOT', 'both', '', 'close') },
    expected: alwaysDeferred,
  },
  {
    name: 'resets at MAIL',
    script: { answer: only('MAIL', 'both', '', 'reset') },
    expected: alwaysDeferred,
  },
  {
    name: '421 as greeting',
    script: { greeting: { say: '421 4.3.2 busy\r\n', next: 'close' } },
    expected: alwaysDeferred,
  },
  {
    name: '421 at MAIL',
    script: { answer: only('MAIL', 'both', '421 4.3.2 busy\r\n', 'close') },
    expected: alwaysDeferred,
  },
  {
    name: '450 for the recipient',
    script: { answer: only('RCPT', 'both', '450 4.2.1 later\r\n') },
    expected: alwaysDeferred,
  },
  {
    name: '550 for the recipient',
    script: { answer: only('RCPT', 'both', '550 5.1.1 nobody\r\n') },
    expected: ['bounced', 'bounced', 'bounced', 'bounced'],
  },
  {
    name: 'takes the message before its end',
    script: { answer: only('DATA', 'both', '354 go on\r\n250 taken\r\n') },
    expected: alwaysDeferred,
  },
  { name: 'never reads', script: { reads: 'never' }, expected: alwaysDeferred },
  {
    name: 'a greeting without end',
    script: { greeting: { say: '220-more\r\n'.repeat(5_000) } },
    expected: alwaysDeferred,
  },
  {
    name: 'a reply line without end',
    script: { greeting: { say: `220 ${'x'.repeat(100_000)}` } },
    expected: alwaysDeferred,
  },
  {
    name: 'half a reply, then silence',
    script: { answer: only('EHLO', 'both', '250-hostile.test\r\n250-STARTT') },
    expected: alwaysDeferred,
  },
  {
    name: 'HELO only (EHLO 502)',
    script: { answer: only('EHLO', 'both', '502 5.5.1 what?\r\n') },
    expected: notOffered,
  },
];

/** In clear where TLS is off, `may` at that level, and the same obstacle at both levels that require TLS. */
function everyRequired(may: Expected, obstacle: Expected): Behaviour['expected'] {
  return ['clear', may, obstacle, obstacle];
}

function only(
  verb: string,
  where: 'clear' | 'inside' | 'both',
  say: string,
  next: Answer['next'] = 'go-on',
): Script['answer'] {
  return (asked, _argument, inside) =>
    asked === verb && (where === 'both' || inside === (where === 'inside')) ? { say, next } : undefined;
}
