/** What is recorded of Dovecot: LMTP in full, and the upgrades of the other protocols. */
import { type Dovecot, type DovecotOptions, startDovecot } from '../support/dovecot.ts';
import { certificate, type Scene, type Server } from './scene.ts';
import { inClear, quit, type Script, type Sent, send, startTls } from './script.ts';

const users = ['b@example.test', 'c@example.test', 'full@example.test'];
const quotas = { 'full@example.test': 10 };

const start =
  (options: Partial<DovecotOptions> = {}) =>
  (root: string) =>
    startDovecot(root, { users, quotas, ...options });
const deliver = (to: Sent['to'], more: Partial<Sent> = {}) =>
  send({ to, framing: 'chunks', lmtp: true, ...more });

type Other = 'imap' | 'pop3' | 'sieve';

/** Not at the address that the client comes from: that would be secure enough for logins. */
const serve =
  (protocol: Other, options: DovecotOptions = {}) =>
  async (root: string): Promise<Server> => {
    const accounts = { 'ada@example.test': 'correct horse' };
    const dovecot: Dovecot = await startDovecot(root, { address: '127.0.0.5', accounts, ...options });
    const { address, tlsPort } = dovecot;
    return { address, port: dovecot[protocol].port, tlsPort, close: () => dovecot.close() };
  };

/** By protocol: the greeting, what asks for capabilities and for TLS, and how each answer ends. */
const dialects: Readonly<Record<Other, { clear: Script; upgrade: Script; inside: Script; list: List }>> = {
  imap: {
    clear: [{ lines: /^\* OK .*\r\n/ }, 'C: w1 CAPABILITY', { lines: /^w1 .*\r\n/m }],
    upgrade: ['C: w2 STARTTLS', { lines: /^w2 .*\r\n/ }],
    inside: ['C: w3 CAPABILITY', { lines: /^w3 .*\r\n/m }],
    list: (said) => /^\* CAPABILITY (.*)$/m.exec(said)?.[1]?.split(' ') ?? [],
  },
  pop3: {
    clear: [{ lines: /^\+OK .*\r\n/ }, 'C: CAPA', { lines: /^\.\r\n/m }],
    upgrade: ['C: STLS', { lines: /^\+OK .*\r\n/ }],
    inside: ['C: CAPA', { lines: /^\.\r\n/m }],
    list: (said) => said.split('\r\n').slice(1, -1),
  },
  sieve: {
    clear: [{ lines: /^OK .*\r\n/m }],
    upgrade: ['C: STARTTLS', { lines: /^OK .*\r\n/ }],
    inside: [{ lines: /^OK .*\r\n/m }],
    list: (said) => said.split('\r\n').slice(0, -1),
  },
};

type List = (said: string) => readonly string[];

function upgrades(protocol: Other, title: string): Scene[] {
  const { clear, upgrade, inside, list } = dialects[protocol];
  const offers = (said: string | undefined): string => list(said ?? '').join(', ');
  return [
    {
      name: `${protocol}/starttls`,
      title,
      start: serve(protocol, { certificate }),
      client: [
        'C> upgrade',
        ...clear,
        ...upgrade,
        '== TLS',
        ...inside,
        (said, heard) => `C< secured, clear ${offers(heard.at(-3))}; inside ${offers(said)}`,
      ],
    },
    {
      name: `${protocol}/not-offered`,
      title: 'it has no certificate, and offers no TLS',
      start: serve(protocol),
      client: ['C> upgrade', ...clear, 'C< notOffered does not offer STARTTLS'],
    },
  ];
}

export const ofDovecot: readonly Scene[] = [
  ...upgrades('imap', 'RFC 9051 §6.2.1: STARTTLS, and the capabilities asked for anew'),
  ...upgrades('pop3', 'RFC 2595 §4: STLS, and the capabilities asked for anew'),
  ...upgrades('sieve', 'RFC 5804 §2.2: STARTTLS, and inside TLS the server speaks first'),
  {
    name: 'lmtp-one-recipient',
    title: 'RFC 2033: one message for one recipient in clear',
    start: start(),
    client: [...inClear('if-offered', true), ...deliver({ 'b@example.test': 'accepted' }), ...quit],
  },
  {
    name: 'lmtp-starttls',
    title: 'RFC 2033 §4.2: two recipients in TLS, an answer for each',
    start: start({ certificate }),
    client: [
      ...startTls({ lmtp: true }),
      ...deliver({ 'b@example.test': 'accepted', 'c@example.test': 'accepted' }),
      ...quit,
    ],
  },
  {
    name: 'lmtp-each-recipient',
    title: 'one recipient is unknown, one has no room, two get the message',
    start: start(),
    client: [
      ...inClear('if-offered', true),
      ...deliver({
        'b@example.test': 'accepted',
        'unknown@example.test': 'refused at RCPT 550',
        'full@example.test': 'refused at message 552',
        'c@example.test': 'accepted',
      }),
      ...quit,
    ],
  },
  {
    name: 'lmtp-none-takes-it',
    title: 'the only recipient has no room',
    start: start(),
    client: [
      ...inClear('if-offered', true),
      ...deliver({ 'full@example.test': 'refused at message 552' }, { afterwards: 'to-reset' }),
      ...quit,
    ],
  },
  {
    name: 'lmtp-all-recipients-refused',
    title: 'every recipient is refused, and the next message goes on the same connection',
    start: start(),
    client: [
      ...inClear('if-offered', true),
      ...deliver({
        'unknown@example.test': 'refused at RCPT 550',
        'nobody@example.test': 'refused at RCPT 550',
      }),
      ...deliver({ 'b@example.test': 'accepted' }),
      ...quit,
    ],
  },
];
