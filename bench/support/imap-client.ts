/** A client of the benchmarks: IMAP as far as it takes to be let through, by STARTTLS, implicit TLS or in clear. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Talker, talkerOn } from './talker.ts';

/** Where a server is reached, and how TLS begins there. */
export interface Way {
  readonly how: 'STARTTLS' | 'implicit TLS' | 'no TLS';
  readonly port: number;
}

export interface ImapClient extends Talker {
  /** Says a command and waits for its answer. @throws unless it is OK. */
  ask(command: string): Promise<void>;
}

/** The same for everybody, so that nobody is measured by another key exchange or another cipher. */
const TERMS = { ecdhCurve: 'X25519', ciphers: 'TLS_AES_128_GCM_SHA256', minVersion: 'TLSv1.3' } as const;
export const terms = 'TLS 1.3, X25519, AES-128-GCM, ECDSA P-256, no resumption';

/** Connects, goes on inside TLS, and stops where a client would log in. */
export async function inside({ how, port }: Way, ca: string): Promise<ImapClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  if (how === 'no TLS') {
    const client = clientOn(socket);
    await expectGreeting(client);
    return client;
  }
  if (how === 'STARTTLS') {
    const plain = clientOn(socket);
    await expectGreeting(plain);
    await plain.ask('STARTTLS');
    plain.release();
  }
  const client = clientOn(await handshake(socket, ca));
  // Behind STARTTLS there is none (RFC 9051 §6.2.1).
  if (how === 'implicit TLS') await expectGreeting(client);
  return client;
}

/** As {@link inside}, and logged in: from here on there is a connection to the backend. */
export async function loggedIn(way: Way, ca: string): Promise<ImapClient> {
  const client = await inside(way, ca);
  await client.ask('LOGIN user password');
  return client;
}

async function handshake(socket: Socket, ca: string): Promise<TLSSocket> {
  const secure = connectTls({ socket, ca, servername: 'gateway.test', ...TERMS });
  await once(secure, 'secureConnect');
  if (secure.isSessionReused()) throw new Error('a session was resumed');
  return secure;
}

async function expectGreeting(client: ImapClient): Promise<void> {
  const greeting = await client.line();
  if (greeting?.startsWith('* OK') !== true) throw new Error(`instead of a greeting came ${greeting}`);
}

function clientOn(socket: Socket): ImapClient {
  const talker = talkerOn(socket);
  let commands = 0;
  return {
    ...talker,
    async ask(command) {
      const tag = `t${commands++}`;
      talker.say(`${tag} ${command}\r\n`);
      for (;;) {
        const line = await talker.line();
        if (line?.startsWith(`${tag} OK`) === true) return;
        if (line?.startsWith('* ') !== true) throw new Error(`${command} was answered by ${line}`);
      }
    },
  };
}
