/** What is recorded of Dovecot, by LMTP. */
import { type DovecotOptions, startDovecot } from '../support/dovecot.ts';
import { certificate, type Scene } from './scene.ts';
import { inClear, quit, type Sent, send, startTls } from './script.ts';

const users = ['b@example.test', 'c@example.test', 'full@example.test'];
const quotas = { 'full@example.test': 10 };

const start =
  (options: Partial<DovecotOptions> = {}) =>
  (root: string) =>
    startDovecot(root, { users, quotas, ...options });
const deliver = (to: Sent['to'], more: Partial<Sent> = {}) =>
  send({ to, framing: 'chunks', lmtp: true, ...more });

export const ofDovecot: readonly Scene[] = [
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
