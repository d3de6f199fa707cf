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
  readonly next?: 'go-on' | 'close' | 'reset' | 'stop-reading';
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
  /** More connections than that at once are turned away with 421. */
  readonly mostAtOnce: number;
}

export interface StartTls {
  /** Everything that is said in answer to STARTTLS, in one segment. */
  readonly say: string;
  /** A segment of its own, a moment after. */
  readonly later?: { readonly ms: number; readonly say: string };
  /**
   * `drip`: octets that look like the start of a handshake, one every 40 ms. `stay`: on in clear. `swallow-large`,
   * `reset-large`: what comes in more than one segment gets no answer, or a reset, as some middleboxes have it; else a
   * handshake.
   */
  readonly next:
    | 'handshake'
    | 'stay'
    | 'stall'
    | 'drip'
    | 'close'
    | 'close-on-hello'
    | 'swallow-large'
    | 'reset-large';
}

/** What one segment holds on an Ethernet, IPv4, with timestamps. */
const ONE_SEGMENT = 1448;

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
  startTls: { say: '220 go\r\n', next: 'handshake' },
  insideFirst: '',
  answer: () => undefined,
  duringContent: () => undefined,
  reads: 'all',
  mostAtOnce: Number.POSITIVE_INFINITY,
};

const TOO_MANY: Answer = { say: '421 4.7.0 too many connections from you\r\n', next: 'close' };

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
    const connection = notes.length - 1;
    const { greeting, mostAtOnce } = current.script;
    const said = sockets.size > mostAtOnce ? TOO_MANY : greeting;
    const part = { ...current, script: { ...current.script, greeting: said } };
    new Talker(socket, part, note, (message) => messages.push({ ...message, connection })).start();
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

/** One connection. */
class Talker {
  readonly #plain: Socket;
  readonly #part: Part;
  readonly #note: Notes;
  readonly #keep: (message: Omit<ReceivedMessage, 'connection'>) => void;
  #socket: Socket;
  #inside = false;
  #unread: Buffer = Buffer.alloc(0);
  #mode: 'commands' | 'content' | 'deaf' = 'commands';
  #sender = '';
  #recipients: string[] = [];
  #content: Buffer[] = [];
  #contentOctets = 0;

  constructor(
    socket: Socket,
    part: Part,
    note: Notes,
    keep: (message: Omit<ReceivedMessage, 'connection'>) => void,
  ) {
    this.#plain = socket;
    this.#socket = socket;
    this.#part = part;
    this.#note = note;
    this.#keep = keep;
  }

  start(): void {
    const { greeting, reads } = this.#part.script;
    this.#listenOn(this.#plain);
    this.#give(greeting);
    if (reads === 'never') this.#plain.pause();
  }

  #give(answer: Answer): void {
    if (answer.say !== '') this.#socket.write(answer.say, 'latin1');
    if (answer.next === 'reset') this.#plain.resetAndDestroy();
    if (answer.next === 'close') this.#socket.end();
    if (answer.next === 'stop-reading') this.#socket.pause();
    if (answer.next !== undefined && answer.next !== 'go-on') this.#mode = 'deaf';
  }

  #onData(chunk: Buffer): void {
    (this.#inside ? this.#note.inside : this.#note.plain).push(chunk);
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    while (
      this.#mode === 'content' ? this.#readContent() : this.#mode === 'commands' && this.#readCommand()
    ) {}
  }

  #readCommand(): boolean {
    const end = this.#unread.indexOf('\r\n');
    if (end === -1) return false;
    const line = this.#unread.toString('latin1', 0, end);
    this.#unread = this.#unread.subarray(end + 2);
    const [word = ''] = line.split(' ');
    const verb = word.toUpperCase();
    const argument = line.slice(word.length + 1);
    const special = this.#part.script.answer(verb, argument, this.#inside);
    if (special !== undefined) this.#give(special);
    else if (verb === 'STARTTLS') this.#startTls();
    else this.#give(this.#usual(verb, argument));
    return true;
  }

  #usual(verb: string, argument: string): Answer {
    switch (verb) {
      case 'EHLO': {
        const offers = this.#part.script.offers.filter((offer) => !this.#inside || offer !== 'STARTTLS');
        const lines = ['hostile.test', ...offers];
        return {
          say: lines.map((line, at) => `250${at < lines.length - 1 ? '-' : ' '}${line}\r\n`).join(''),
        };
      }
      case 'MAIL':
        this.#sender = pathIn(argument);
        this.#recipients = [];
        return { say: '250 2.1.0 sender ok\r\n' };
      case 'RCPT':
        this.#recipients.push(pathIn(argument));
        return { say: '250 2.1.5 recipient ok\r\n' };
      case 'DATA':
        this.#mode = 'content';
        // The line end of DATA itself, so that a content that is only a dot has an end too.
        this.#unread = Buffer.concat([CRLF, this.#unread]);
        this.#content = [];
        this.#contentOctets = 0;
        return { say: '354 go on\r\n' };
      case 'QUIT':
        return { say: '221 2.0.0 bye\r\n', next: 'close' };
      case 'HELO':
      case 'RSET':
      case 'NOOP':
        return { say: '250 ok\r\n' };
      default:
        return { say: '502 5.5.1 what?\r\n' };
    }
  }

  /** The end is CRLF "." CRLF and nothing else. */
  #readContent(): boolean {
    const end = this.#unread.indexOf('\r\n.\r\n');
    if (end === -1) {
      // What may be the start of the end stays unread, so that the next look begins before it.
      const done = Math.max(this.#unread.length - 4, 0);
      this.#content.push(this.#unread.subarray(0, done));
      this.#contentOctets += done;
      this.#unread = this.#unread.subarray(done);
      const early = this.#part.script.duringContent(this.#contentOctets);
      if (early !== undefined) this.#give(early);
      return false;
    }
    this.#content.push(this.#unread.subarray(0, end + 2));
    this.#unread = this.#unread.subarray(end + 5);
    this.#mode = 'commands';
    const answer = this.#part.script.answer('DOT', '', this.#inside) ?? { say: '250 2.0.0 taken\r\n' };
    // With no recipient it is the empty message that ends a pipelined group (RFC 2920 §3.1).
    if (answer.say.startsWith('250') && this.#recipients.length > 0) {
      this.#keep({
        sender: this.#sender,
        recipients: this.#recipients,
        content: unstuffed(Buffer.concat(this.#content).subarray(CRLF.length)),
        over: this.#inside ? 'tls' : 'clear',
      });
    }
    this.#give(answer);
    return true;
  }

  #startTls(): void {
    const { say, later, next } = this.#part.script.startTls;
    this.#plain.write(say, 'latin1');
    if (later !== undefined) setTimeout(() => this.#plain.write(later.say, 'latin1'), later.ms);
    if (next === 'stay') return;
    this.#mode = 'deaf';
    if (next === 'close') this.#plain.end();
    if (next === 'close-on-hello') this.#plain.once('data', () => this.#plain.destroy());
    if (next === 'drip') drip(this.#plain);
    if (next === 'handshake') this.#shakeHands();
    if (next === 'swallow-large' || next === 'reset-large') this.#mindSize(next);
  }

  #mindSize(next: 'swallow-large' | 'reset-large'): void {
    const plain = this.#plain;
    plain.removeAllListeners('data');
    plain.once('data', (hello: Buffer) => {
      if (hello.length <= ONE_SEGMENT) {
        plain.pause();
        plain.unshift(hello);
        this.#shakeHands();
      } else if (next === 'reset-large') plain.resetAndDestroy();
      else plain.resume();
    });
  }

  #shakeHands(): void {
    const { script, certificate } = this.#part;
    this.#note.handshake = 'begun';
    this.#plain.removeAllListeners('data');
    this.#plain.pause();
    const secure = new TLSSocket(this.#plain, {
      isServer: true,
      secureContext: createSecureContext({ cert: certificate.certPem, key: certificate.keyPem }),
    });
    secure.on('error', () => secure.destroy());
    secure.on('_tlsError', () => secure.destroy());
    secure.once('secure', () => {
      this.#note.handshake = 'done';
      this.#socket = secure;
      this.#inside = true;
      this.#mode = 'commands';
      this.#unread = Buffer.alloc(0);
      if (script.insideFirst !== '') secure.write(script.insideFirst, 'latin1');
    });
    this.#listenOn(secure);
  }

  #listenOn(from: Socket): void {
    from.on('data', (bytes: Buffer) => this.#onData(bytes));
    from.on('end', () => from.end());
    from.on('error', () => from.destroy());
  }
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
