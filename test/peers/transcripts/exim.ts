/** What is recorded of Exim. */
import { type EximOptions, startExim } from '../support/exim.ts';
import { broken, certificate, type Scene } from './scene.ts';
import {
  implicitTls,
  inClear,
  loginRefused,
  password,
  plain,
  quit,
  send,
  startTls,
  startTlsRefused,
  user,
} from './script.ts';

const relay = { host: '127.0.0.1', port: 9 };
const oneMessage = send({ to: { 'b@example.test': 'accepted' }, framing: 'chunks' });

const start =
  (options: EximOptions = {}) =>
  (root: string) =>
    startExim(root, { certificate, ...options });

export const ofExim: readonly Scene[] = [
  {
    name: 'starttls-one-message',
    title: 'one message in TLS',
    start: start(),
    client: [...startTls(), ...oneMessage, ...quit],
  },
  {
    name: 'implicit-tls',
    title: 'one message over implicit TLS',
    start: start(),
    implicit: true,
    client: [...implicitTls, ...oneMessage, ...quit],
  },
  {
    name: 'one-recipient-refused',
    title: 'two recipients, one of whom is refused',
    start: start(),
    client: [
      ...startTls(),
      ...send({
        to: { 'b@example.test': 'accepted', 'b@other.test': 'refused at RCPT 550' },
        framing: 'chunks',
      }),
      ...quit,
    ],
  },
  {
    name: 'all-recipients-refused',
    title: 'every recipient is refused, and the next message goes on the same connection',
    start: start(),
    client: [
      ...startTls(),
      ...send({ to: { 'b@other.test': 'refused at RCPT 550' }, framing: 'chunks' }),
      ...oneMessage,
      ...quit,
    ],
  },
  {
    name: 'no-chunking',
    title: 'a server without CHUNKING takes a message by DATA',
    start: start({ settings: { chunking_advertise_hosts: '' } }),
    client: [...startTls(), ...send({ to: { 'b@example.test': 'accepted' }, framing: 'dots' }), ...quit],
  },
  {
    name: 'no-tls',
    title: 'a server without TLS takes a message in clear',
    start: (root) => startExim(root),
    client: [...inClear('if-offered'), ...oneMessage, ...quit],
  },
  {
    name: 'starttls-refused',
    title: 'STARTTLS is offered and refused, as the certificate cannot be read',
    start: start({ certificate: broken }),
    client: [...startTlsRefused, ...quit],
  },
  {
    name: 'utf8-addresses',
    title: 'RFC 6531: addresses that are not ASCII',
    start: start(),
    client: [
      ...startTls(),
      ...send({
        from: 'j\\xc3\\xbcrgen@sender.test',
        to: { '\\xe7\\x94\\xa8\\xe6\\x88\\xb7@example.test': 'accepted' },
        framing: 'chunks',
        properties: ' 8bit utf8',
        mailWords: ' BODY=8BITMIME SMTPUTF8',
      }),
      ...quit,
    ],
  },
  {
    name: 'dsn',
    title: 'RFC 3461: every wish of the sender is taken over',
    start: start({ settings: { dsn_advertise_hosts: '*' } }),
    client: [
      ...startTls(),
      ...send({
        to: { 'b@example.test': 'accepted with DSN' },
        framing: 'chunks',
        properties: ' ret=full envid=QQ314159 notify=never orcpt=rfc822;Bob@example.test',
        mailWords: ' RET=FULL ENVID=QQ314159',
        rcptWords: ' NOTIFY=NEVER ORCPT=rfc822;Bob@example.test',
      }),
      ...quit,
    ],
  },
  {
    name: 'login-plain',
    title: 'a login by PLAIN, then a message for elsewhere',
    start: start({ accounts: { [user]: password }, relay }),
    client: [
      ...startTls({ login: plain }),
      ...send({ to: { 'b@other.test': 'accepted' }, framing: 'chunks' }),
      ...quit,
    ],
  },
  {
    name: 'login-plain-refused',
    title: 'a password that the server does not know',
    start: start({ accounts: { [user]: 'other' }, relay }),
    client: [...startTls({ login: [...plain, ...loginRefused(535)] }), ...quit],
  },
];
