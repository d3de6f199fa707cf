/** A bare client, of SMTP above all, that sends the octets it is given, in the segments it is given them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

export interface RawClient {
  /** The socket in use; the TLS socket after {@link RawClient.secure}. */
  readonly socket: Socket;
  write(bytes: string | Uint8Array): void;
  /** The next whole reply, all of its lines. @throws Error when the connection ends first. */
  reply(): Promise<string>;
  /** All that comes, latin1, up to the end of this text or its first match. @throws Error when the connection ends first. */
  until(wanted: string | RegExp): Promise<string>;
  /** Sends a line and takes the reply. @throws Error unless it starts with `code`. */
  expect(line: string, code: string): Promise<string>;
  /** Starts TLS at once: no command is sent. */
  secure(options?: ConnectionOptions): Promise<TLSSocket>;
  /** Everything that came and was not taken as a reply, latin1, once the other side has closed. */
  rest(): Promise<string>;
  /** Half-closes. */
  end(): void;
  close(): void;
}

const REPLY_MS = 8_000;
const WHOLE_REPLY = /^(?:[0-9]{3}-[^\r\n]*\r\n)*[0-9]{3}(?: [^\r\n]*)?\r\n/;

/** Connects; half-open, so that our own end does not hide what still comes. */
export async function rawClient(port: number, address = '127.0.0.1'): Promise<RawClient> {
  const plain = connect({ port, host: address, allowHalfOpen: true, noDelay: true });
  plain.on('error', () => plain.destroy());
  await once(plain, 'connect');
  let socket: Socket = plain;
  const inbox = new Inbox();
  inbox.listenTo(plain);
  const client: RawClient = {
    get socket() {
      return socket;
    },
    write: (bytes) => void (typeof bytes === 'string' ? socket.write(bytes, 'latin1') : socket.write(bytes)),
    reply: () => inbox.until(WHOLE_REPLY),
    until: (wanted) => inbox.until(wanted),
    async expect(line, code) {
      client.write(`${line}\r\n`);
      const reply = await client.reply();
      if (!reply.startsWith(code)) throw new Error(`${line.slice(0, 80)} was answered with ${reply}`);
      return reply;
    },
    async secure(options = {}) {
      if (inbox.ended) throw new Error('the server closed before the handshake');
      plain.removeAllListeners('data');
      plain.pause();
      const secure = connectTls({ socket: plain, rejectUnauthorized: false, ...options });
      secure.on('error', () => secure.destroy());
      socket = secure;
      inbox.listenTo(secure);
      await new Promise<void>((resolve, reject) => {
        secure.once('secureConnect', resolve);
        secure.once('error', reject);
        secure.once('close', () => reject(new Error('the server closed during the handshake')));
      });
      return secure;
    },
    rest: () => inbox.rest(),
    end: () => void socket.end(),
    close: () => void plain.destroy(),
  };
  return client;
}

/** What has come and was not taken yet, latin1. */
class Inbox {
  ended = false;
  #unread = '';
  readonly #looking = new Set<() => void>();

  listenTo(socket: Socket): void {
    socket.on('data', (bytes: Buffer) => {
      this.#unread += bytes.toString('latin1');
      this.#look();
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.ended = true;
        this.#look();
      });
    }
  }

  until(wanted: string | RegExp): Promise<string> {
    return this.#waitFor(`what was waited for, ${wanted},`, () => {
      const end = endOf(this.#unread, wanted);
      if (end !== undefined) {
        const taken = this.#unread.slice(0, end);
        this.#unread = this.#unread.slice(end);
        return taken;
      }
      return this.ended ? new Error(`the server closed; got ${JSON.stringify(this.#unread)}`) : undefined;
    });
  }

  rest(): Promise<string> {
    return this.#waitFor('the end', () => (this.ended ? this.#unread : undefined));
  }

  #look(): void {
    for (const one of this.#looking) one();
  }

  #waitFor(what: string, ready: () => string | Error | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const result = ready();
        if (result === undefined) return;
        this.#looking.delete(check);
        clearTimeout(timer);
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      const timer = setTimeout(() => {
        this.#looking.delete(check);
        reject(new Error(`${what} did not come; got ${this.#unread.slice(-500)}`));
      }, REPLY_MS);
      this.#looking.add(check);
      check();
    });
  }
}

/** Where the wanted text ends. */
function endOf(text: string, wanted: string | RegExp): number | undefined {
  if (typeof wanted === 'string') {
    const begin = text.indexOf(wanted);
    return begin === -1 ? undefined : begin + wanted.length;
  }
  const found = wanted.exec(text);
  return found === null ? undefined : found.index + found[0].length;
}

/** Connects, takes the greeting and says EHLO. */
export async function greetedClient(port: number): Promise<RawClient> {
  const client = await rawClient(port);
  await client.reply();
  await client.expect('EHLO client.test', '250');
  return client;
}
