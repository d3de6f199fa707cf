/** Mail that keeps coming in: clients that write down each message once they have read its 250, and all other answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type RawClient, rawClient } from '../../support/raw-client.ts';

export interface LoadOptions {
  /** Asked for each connection, as a program that was started again has another one. */
  readonly port: () => number;
  readonly connections: number;
  /** Messages, of all connections together. */
  readonly perSecond: number;
  readonly contentBytes: number;
  /** The recipient of the message with this number. */
  readonly to?: (number: number) => string;
}

export interface Load {
  /** Subject of each message whose 250 was read, with the id that the 250 names. */
  readonly accepted: ReadonlyMap<string, string>;
  /** How often clients saw what: `250 2.0.0`, `452 4.3.1`, or how the connection ended. */
  readonly seen: ReadonlyMap<string, number>;
  /** How many messages were begun. */
  readonly offered: number;
  /** Ends with the message under way. */
  stop(): Promise<void>;
}

/** Begins at once. */
export function startLoad(options: LoadOptions): Load {
  const accepted = new Map<string, string>();
  const seen = new Map<string, number>();
  let offered = 0;
  let stopping = false;
  const note = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
  const everyMs = (1_000 * options.connections) / options.perSecond;

  /** @returns whether the connection can be used for the next one. */
  async function offer(client: RawClient): Promise<boolean> {
    const number = ++offered;
    const subject = `fault ${number}`;
    const to = options.to?.(number) ?? 'b@example.test';
    for (const line of ['MAIL FROM:<a@sender.test>', `RCPT TO:<${to}>`, 'DATA']) {
      client.write(`${line}\r\n`);
      const reply = await client.reply();
      if (!/^[23]/.test(reply)) {
        note(codesOf(reply));
        return false;
      }
    }
    client.write(`From: <a@sender.test>\r\nSubject: ${subject}\r\n\r\n${filler(options.contentBytes)}.\r\n`);
    const reply = await client.reply();
    note(codesOf(reply));
    const id = /^250 2\.0\.0 kept as (\w+)/.exec(reply)?.[1];
    if (id !== undefined) accepted.set(subject, id);
    return true;
  }

  async function useConnection(): Promise<void> {
    let client: RawClient | undefined;
    let step = 'no connection';
    try {
      client = await rawClient(options.port());
      step = 'closed before a greeting';
      const greeting = await client.reply();
      if (!greeting.startsWith('220')) return note(codesOf(greeting));
      step = 'closed before an answer';
      await client.expect('EHLO client.test', '250');
      for (let usable = true; usable && !stopping; ) {
        const begun = performance.now();
        usable = await offer(client);
        await sleep(Math.max(0, everyMs - (performance.now() - begun)));
      }
    } catch {
      note(step);
    } finally {
      client?.close();
    }
  }

  async function comeAndGo(): Promise<void> {
    while (!stopping) {
      await useConnection();
      // Long enough that a relay that is down is not asked a thousand times.
      if (!stopping) await sleep(200);
    }
  }

  const clients = Promise.all(Array.from({ length: options.connections }, comeAndGo));
  return {
    accepted,
    seen,
    get offered() {
      return offered;
    },
    async stop() {
      stopping = true;
      await clients;
    },
  };
}

/** The code and, where there is one, the enhanced code of the last line. */
function codesOf(reply: string): string {
  const last = reply.trimEnd().split('\r\n').at(-1) ?? '';
  return /^\d{3}(?: \d\.\d+\.\d+)?/.exec(last)?.[0] ?? 'no code';
}

function filler(bytes: number): string {
  return `${'x'.repeat(70)}\r\n`.repeat(Math.ceil(bytes / 72));
}
