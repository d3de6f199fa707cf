/** A plain SMTP client that sends exactly the octets it is told to, and never waits where it may pipeline. */
import { connect, type Socket } from 'node:net';

/** One connection, past its EHLO. */
export interface PipeliningClient {
  /**
   * Hands in one message; resolves when its content is on the way.
   *
   * The next one may be offered before the reply to this one is there (RFC 2920).
   */
  offer(message: OfferedMessage): Promise<Offered>;
  close(): void;
}

/** What goes after MAIL, RCPT and DATA. */
export interface OfferedMessage {
  readonly from: string;
  readonly to: readonly string[];
  /** Not yet dot-stuffed; ends with CRLF. */
  readonly content: Buffer;
}

/** A message that was sent. */
export interface Offered {
  /** The last line of the reply to its content; null where the connection ended before it was read. */
  readonly reply: Promise<string | null>;
}

/** Opens a connection in clear. */
export async function openPipeliningClient(port: number): Promise<PipeliningClient> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const next = replies(socket);
  await expect(next(), '220');
  socket.write('EHLO client.test\r\n');
  await expect(next(), '250');
  return {
    async offer({ from, to, content }) {
      const recipients = to.map((one) => `RCPT TO:<${one}>\r\n`).join('');
      socket.write(`MAIL FROM:<${from}>\r\n${recipients}DATA\r\n`);
      const answers = [next(), ...to.map(() => next())];
      const goAhead = next();
      for (const answer of answers) await expect(answer, '250');
      await expect(goAhead, '354');
      socket.write(stuffed(content));
      return { reply: next() };
    },
    close: () => void socket.destroy(),
  };
}

/** Hands in one message on a connection of its own; answers its reply. */
export async function handIn(port: number, message: OfferedMessage): Promise<string> {
  const client = await openPipeliningClient(port);
  try {
    const { reply } = await client.offer(message);
    return (await reply) ?? 'the connection ended';
  } finally {
    client.close();
  }
}

/** Hands out the replies in their order, to whoever asks in that order; null once the connection has ended. */
function replies(socket: Socket): () => Promise<string | null> {
  const waiting: ((reply: string | null) => void)[] = [];
  const come: string[] = [];
  let unread = '';
  let ended = false;
  socket.on('data', (chunk: Buffer) => {
    const lines = `${unread}${chunk.toString('latin1')}`.split('\r\n');
    unread = lines.pop() ?? '';
    for (const line of lines) {
      if (line[3] === '-') continue;
      const taker = waiting.shift();
      if (taker === undefined) come.push(line);
      else taker(line);
    }
  });
  // The end is noted by `close`, whatever brought it.
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    for (const taker of waiting) taker(null);
  });
  return () => {
    const reply = come.shift();
    if (reply !== undefined || ended) return Promise.resolve(reply ?? null);
    return new Promise((resolve) => waiting.push(resolve));
  };
}

async function expect(reply: Promise<string | null>, code: string): Promise<void> {
  const line = await reply;
  if (line?.startsWith(code) !== true) throw new Error(`${code} was expected, not ${line ?? 'an end'}`);
}

function stuffed(content: Buffer): Buffer {
  return Buffer.from(`${content.toString('latin1').replace(/^\./gm, '..')}.\r\n`, 'latin1');
}
