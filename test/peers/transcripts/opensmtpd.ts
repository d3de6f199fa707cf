/** What is recorded of OpenSMTPD, which has neither PIPELINING nor CHUNKING. */
import { type OpenSmtpdOptions, startOpenSmtpd } from '../support/opensmtpd.ts';
import { certificate, type Scene } from './scene.ts';
import { loginRefused, password, plain, quit, type Sent, send, startTls, user } from './script.ts';

const relay = { host: '127.0.0.1', port: 9 };
const accepted = 'accepted with DSN';
const inTurn = (to: Sent['to'], more: Partial<Sent> = {}) =>
  send({ to, framing: 'dots', pipelining: false, ...more });

const start =
  (options: OpenSmtpdOptions = {}) =>
  (root: string) =>
    startOpenSmtpd(root, { certificate, ...options });

export const ofOpenSmtpd: readonly Scene[] = [
  {
    name: 'starttls-one-message',
    title: 'one message in TLS',
    start: start(),
    client: [...startTls(), ...inTurn({ 'b@example.test': accepted }), ...quit],
  },
  {
    name: 'one-recipient-refused',
    title: 'two recipients, one of whom is refused',
    start: start(),
    client: [
      ...startTls(),
      ...inTurn({ 'b@example.test': accepted, 'b@other.test': 'refused at RCPT 550' }),
      ...quit,
    ],
  },
  {
    name: 'dsn',
    title: 'RFC 3461: every wish of the sender is taken over',
    start: start(),
    client: [
      ...startTls(),
      ...inTurn(
        { 'b@example.test': accepted },
        {
          properties: ' ret=headers envid=QQ314159 notify=success,failure orcpt=rfc822;Bob@example.test',
          mailWords: ' RET=HDRS ENVID=QQ314159',
          rcptWords: ' NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob@example.test',
        },
      ),
      ...quit,
    ],
  },
  {
    name: 'login-plain',
    title: 'a login by PLAIN, then a message for elsewhere',
    start: start({ accounts: { [user]: password }, relay }),
    client: [...startTls({ login: plain }), ...inTurn({ 'b@other.test': accepted }), ...quit],
  },
  {
    name: 'login-plain-refused',
    title: 'a password that the server does not know',
    start: start({ accounts: { [user]: 'other' }, relay }),
    client: [...startTls({ login: [...plain, ...loginRefused(535)] }), ...quit],
  },
];
