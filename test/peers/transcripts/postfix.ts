/** What is recorded of Postfix. */
import { type PostfixOptions, startPostfix } from '../support/postfix.ts';
import { broken, certificate, type Scene } from './scene.ts';
import {
  implicitTls,
  inClear,
  loginOnAsking,
  loginRefused,
  password,
  plain,
  quit,
  scram,
  scramProof,
  send,
  sender,
  startTls,
  startTlsRefused,
  user,
} from './script.ts';

const relay = { host: '127.0.0.1', port: 9 };
const accepted = 'accepted with DSN';
const oneMessage = send({ to: { 'b@example.test': accepted }, framing: 'chunks' });

const start =
  (options: PostfixOptions = {}) =>
  (root: string) =>
    startPostfix(root, { certificate, ...options });
const withAccount = (mechanisms: string, secret = password) =>
  start({
    accounts: { [user]: secret },
    relay,
    settings: { smtpd_sasl_mechanism_filter: mechanisms },
  });

export const ofPostfix: readonly Scene[] = [
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
    name: 'two-messages',
    title: 'two messages on one connection',
    start: start(),
    client: [...startTls(), ...oneMessage, ...oneMessage, ...quit],
  },
  {
    name: 'one-recipient-refused',
    title: 'two recipients, one of whom is refused',
    start: start({ settings: { virtual_mailbox_maps: 'inline:{ b@example.test=mail/ }' } }),
    client: [
      ...startTls(),
      ...send({
        to: { 'b@example.test': accepted, 'unknown@example.test': 'refused at RCPT 550' },
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
      ...send({ to: { 'b@other.test': 'refused at RCPT 554' }, framing: 'chunks' }),
      ...oneMessage,
      ...quit,
    ],
  },
  {
    name: 'message-refused',
    title: 'the content is refused after the last octet of BDAT',
    start: start({
      settings: { header_checks: 'regexp:{{/^Subject:/ REJECT 5.7.1 no such subject}}' },
    }),
    client: [
      ...startTls(),
      ...send({
        to: { 'b@example.test': 'refused at message 550' },
        framing: 'chunks',
        afterwards: 'to-reset',
      }),
      ...quit,
    ],
  },
  {
    name: 'no-chunking',
    title: 'a server without CHUNKING takes a message by DATA',
    start: start({ settings: { smtpd_discard_ehlo_keywords: 'chunking' } }),
    client: [...startTls(), ...send({ to: { 'b@example.test': accepted }, framing: 'dots' }), ...quit],
  },
  {
    name: 'no-tls',
    title: 'a server without TLS takes a message in clear',
    start: (root) => startPostfix(root),
    client: [...inClear('if-offered'), ...oneMessage, ...quit],
  },
  {
    name: 'starttls-refused',
    title: 'STARTTLS is offered and refused, as the certificate cannot be read',
    start: start({ certificate: broken }),
    client: [...startTlsRefused, ...quit],
  },
  {
    name: 'starttls-demanded',
    title: 'a server that demands TLS refuses the envelope in clear',
    start: start({ starttls: 'encrypt', settings: { smtpd_discard_ehlo_keywords: 'chunking' } }),
    client: [
      ...inClear('never'),
      `C> send ${sender} b@example.test size=17`,
      `C: MAIL FROM:<${sender}> SIZE=17`,
      'C: RCPT TO:<b@example.test>',
      'C: DATA',
      ...Array.from({ length: 3 }, () => 'S'),
      'C< to-reset: refused at MAIL 530',
      'C> settle',
      'C: RSET',
      'S',
      'C< spent',
      ...quit,
    ],
  },
  {
    name: 'utf8-addresses',
    title: 'RFC 6531: addresses that are not ASCII',
    start: start(),
    client: [
      ...startTls(),
      ...send({
        from: 'j\\xc3\\xbcrgen@sender.test',
        to: { '\\xe7\\x94\\xa8\\xe6\\x88\\xb7@example.test': accepted },
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
    start: start(),
    client: [
      ...startTls(),
      ...send({
        to: { 'b@example.test': accepted },
        framing: 'chunks',
        properties:
          ' ret=headers envid=QQ+2B314159 notify=success,failure,delay orcpt=rfc822;Bob+2B1@example.test',
        mailWords: ' RET=HDRS ENVID=QQ+2B314159',
        rcptWords: ' NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;Bob+2B1@example.test',
      }),
      ...quit,
    ],
  },
  {
    name: 'login-plain',
    title: 'a login by PLAIN, then a message for elsewhere',
    start: withAccount('plain'),
    client: [
      ...startTls({ login: plain }),
      ...send({ to: { 'b@other.test': accepted }, framing: 'chunks' }),
      ...quit,
    ],
  },
  {
    name: 'login-login',
    title: 'a login by LOGIN, where nothing better is offered',
    start: withAccount('login'),
    client: [...startTls({ login: loginOnAsking }), ...quit],
  },
  {
    name: 'login-scram',
    title: 'a login by SCRAM-SHA-256, which is preferred',
    start: withAccount('!external, static:rest'),
    client: [...startTls({ login: scram }), ...quit],
  },
  {
    name: 'login-plain-refused',
    title: 'a password that the server does not know',
    start: withAccount('plain, login', 'other'),
    client: [...startTls({ login: [...plain, ...loginRefused(535)] }), ...quit],
  },
  {
    name: 'login-scram-refused',
    title: 'a password that the server does not know, shown in SCRAM and then by PLAIN',
    start: withAccount('!external, static:rest', 'other'),
    client: [...startTls({ login: [...scramProof, ...plain, ...loginRefused(535)] }), ...quit],
  },
];
