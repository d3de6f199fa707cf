/**
 * An SMTP server that follows a script, honest or not, and notes all that it is told.
 *
 * It shares no code with src/: what passes against it is right, not merely of one mind with itself.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.ts';

/** Raw octets (latin1), and what happens to the connection once they are written. */
export interface Answer {
  readonly say: string;
  readonly then?: 'go-on' | 'close' | 'reset';
}

export interface Script {
  readonly greeting: Answer;
  /** Keywords of the reply to EHLO; STARTTLS is left out inside TLS. */
  readonly offers: readonly string[];
  readonly startTls: StartTls;
  /** Said inside TLS before anything was asked. */
  readonly insideFirst: string;
  /** Overrides the usual answer to a command (`DOT` is the end of the content) where it gives one. */
  readonly answer: (verb: string, argument: string, inside: boolean) => Answer | undefined;
  /** Asked while content comes in, with the octets so far; an answer ends the reading. */
  readonly duringContent: (octets: number) => Answer | undefined;
  /** `never`: nothing is read after the greeting. */
  readonly reads: 'all' | 'never';
}

export interface StartTls {
  /** Everything that is said in answer to STARTTLS, in one segment. */
  readonly say: string;
  /** A segment of its own, a moment after. */
  readonly later?: { readonly ms: number; readonly say: string };
  /** `drip`: octets that look like the start of a handshake, one every 40 ms. `stay`: on in clear. */
  readonly then: 'handshake' | 'stay' | 'stall' | 'drip' | 'close' | 'close-on-hello';
}

export interface Conversation {
  /** Octets that came before TLS, latin1. */
  readonly plain: string;
  /** Octets that came inside TLS, latin1. */
  readonly inside: string;
  readonly handshake: 'none' | 'begun' | 'done';
}

export interface ReceivedMessage {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** As sent, dots taken away again. */
  readonly content: Buffer;
  readonly over: 'clear' | 'tls';
  readonly connection: number;
}

export interface HostileServer {
  readonly port: number;
  readonly address: string;
  /** In the order in which they began. */
  conversations(): readonly Conversation[];
  /** Messages that were answered with a yes. */
  readonly messages: readonly ReceivedMessage[];
  /** Takes effect with the next connection. */
  become(script: Partial<Script>, certificate?: Certificate): void;
  close(): Promise<void>;
}

const honest: Script = {
  greeting: { say: '220 hostile.test ESMTP\r\n' },
  offers: ['PIPELINING', 'SIZE 50000000', '8BITMIME', 'STARTTLS'],
  startTls: { say: '220 go\r\n', then: 'handshake' },
  insideFirst: '',
  answer: () => undefined,
  duringContent: () => undefined,
  reads: 'all',
};

const CRLF = Buffer.from('\r\n');
const DRIP_EVERY_MS = 40;

/** Starts a server on the loopback network. */
export async function startHostileServer(
  certificate: Certificate,
  script: Partial<Script> = {},
  listen: { readonly address: string; readonly port: number } = { address: '127.0.0.1', port: 0 },
): Promise<HostileServer> {
  let current: Part = { script: { ...honest, ...script }, certificate };
  const notes: Notes[] = [];
  const messages: ReceivedMessage[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const note: Notes = { plain: [], inside: [], handshake: 'none' };
    notes.push(note);
    converse(socket, current, note, notes.length - 1, messages);
  });
  server.listen(listen.port, listen.address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  return {
    port: bound.port,
    address: bound.address,
    messages,
    conversations: () =>
      notes.map(({ plain, inside, handshake }) => ({
        plain: Buffer.concat(plain).toString('latin1'),
        inside: Buffer.concat(inside).toString('latin1'),
        handshake,
      })),
    become: (changed, other) => {
      current = { script: { ...honest, ...changed }, certificate: other ?? current.certificate };
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface Part {
  readonly script: Script;
  readonly certificate: Certificate;
}

interface Notes {
  readonly plain: Buffer[];
  readonly inside: Buffer[];
  handshake: Conversation['handshake'];
}

function converse(
  plain: Socket,
  { script, certificate }: Part,
  note: Notes,
  connection: number,
  messages: ReceivedMessage[],
): void {
  let socket = plain;
  let inside = false;
  let unread = Buffer.alloc(0);
  let mode: 'commands' | 'content' | 'deaf' = 'commands';
  let sender = '';
  let recipients: string[] = [];
  let content: Buffer[] = [];
  let contentOctets = 0;

  function give(answer: Answer): void {
    if (answer.say !== '') socket.write(answer.say, 'latin1');
    if (answer.then === 'reset') plain.resetAndDestroy();
    if (answer.then === 'close') socket.end();
    if (answer.then === 'reset' || answer.then === 'close') mode = 'deaf';
  }

  function onData(chunk: Buffer): void {
    (inside ? note.inside : note.plain).push(chunk);
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    while (mode === 'content' ? readContent() : mode === 'commands' && readCommand()) {}
  }

  function readCommand(): boolean {
    const end = unread.indexOf('\r\n');
    if (end === -1) return false;
    const line = unread.toString('latin1', 0, end);
    unread = unread.subarray(end + 2);
    const [word = ''] = line.split(' ');
    const verb = word.toUpperCase();
    const argument = line.slice(word.length + 1);
    const special = script.answer(verb, argument, inside);
    if (special !== undefined) give(special);
    else if (verb === 'STARTTLS') startTls();
    else give(usual(verb, argument));
    return true;
  }

  function usual(verb: string, argument: string): Answer {
    switch (verb) {
      case 'EHLO': {
        const offers = script.offers.filter((offer) => !inside || offer !== 'STARTTLS');
        const lines = ['hostile.test', ...offers];
        return { say: lines.map((line, at) => `250${at < lines.length - 1 ? '-' : ' '}${line}\r\n`).join('') };
      }
      case 'MAIL':
        sender = pathIn(argument);
        recipients = [];
        return { say: '250 2.1.0 sender ok\r\n' };
      case 'RCPT':
        recipients.push(pathIn(argument));
        return { say: '250 2.1.5 recipient ok\r\n' };
      case 'DATA':
        mode = 'content';
        // The line end of DATA itself, so that a content that is only a dot has an end too.
        unread = Buffer.concat([CRLF, unread]);
        content = [];
        contentOctets = 0;
        return { say: '354 go on\r\n' };
      case 'QUIT':
        return { say: '221 2.0.0 bye\r\n', then: 'close' };
      case 'HELO':
      case 'RSET':
      case 'NOOP':
        return { say: '250 ok\r\n' };
      default:
        return { say: '502 5.5.1 what?\r\n' };
    }
  }

  /** The end is CRLF "." CRLF and nothing else. */
  function readContent(): boolean {
    const end = unread.indexOf('\r\n.\r\n');
    if (end === -1) {
      // What may be the start of the end stays unread, so that the next look begins before it.
      const done = Math.max(unread.length - 4, 0);
      content.push(unread.subarray(0, done));
      contentOctets += done;
      unread = unread.subarray(done);
      const early = script.duringContent(contentOctets);
      if (early !== undefined) give(early);
      return false;
    }
    content.push(unread.subarray(0, end + 2));
    unread = unread.subarray(end + 5);
    mode = 'commands';
    const answer = script.answer('DOT', '', inside) ?? { say: '250 2.0.0 taken\r\n' };
    if (answer.say.startsWith('250')) {
      const whole = Buffer.concat(content).subarray(CRLF.length);
      messages.push({
        sender,
        recipients,
        content: unstuffed(whole),
        over: inside ? 'tls' : 'clear',
        connection,
      });
    }
    give(answer);
    return true;
  }

  function startTls(): void {
    const { say, later, then } = script.startTls;
    plain.write(say, 'latin1');
    if (later !== undefined) setTimeout(() => plain.write(later.say, 'latin1'), later.ms);
    if (then === 'stay') return;
    mode = 'deaf';
    if (then === 'close') plain.end();
    if (then === 'close-on-hello') plain.once('data', () => plain.destroy());
    if (then === 'drip') drip(plain);
    if (then !== 'handshake') return;
    note.handshake = 'begun';
    plain.removeAllListeners('data');
    plain.pause();
    const secure = new TLSSocket(plain, {
      isServer: true,
      secureContext: createSecureContext({ cert: certificate.certPem, key: certificate.keyPem }),
    });
    secure.on('error', () => secure.destroy());
    secure.on('_tlsError', () => secure.destroy());
    secure.once('secure', () => {
      note.handshake = 'done';
      socket = secure;
      inside = true;
      mode = 'commands';
      unread = Buffer.alloc(0);
      if (script.insideFirst !== '') secure.write(script.insideFirst, 'latin1');
    });
    listenOn(secure);
  }

  function listenOn(from: Socket): void {
    from.on('data', onData);
    from.on('end', () => from.end());
    from.on('error', () => from.destroy());
  }

  listenOn(plain);
  give(script.greeting);
  if (script.reads === 'never') plain.pause();
}

function drip(socket: Socket): void {
  // A handshake record of 16 KB whose octets never all come.
  const header = [0x16, 0x03, 0x03, 0x40, 0x00, 0x02];
  const timer = setInterval(() => {
    socket.write(Uint8Array.of(header.shift() ?? 0));
  }, DRIP_EVERY_MS);
  socket.on('close', () => clearInterval(timer));
}

function pathIn(argument: string): string {
  return /^(?:FROM|TO):<([^>]*)>/i.exec(argument)?.[1] ?? '?';
}

function unstuffed(content: Buffer): Buffer {
  return Buffer.from(content.toString('latin1').replace(/(^|\r\n)\./g, '$1'), 'latin1');
}
