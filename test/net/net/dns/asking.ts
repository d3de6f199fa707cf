/** One resolver asked by the real transport, for tests of what it does with odd answers. */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Question } from '../../../../src/dns/record.ts';
import { type Deadlines, startDeadlines } from '../../../../src/net/deadlines.ts';
import type { Exchanged } from '../../../../src/net/dns/carried.ts';
import { type Client, openClient } from '../../../../src/net/dns/client.ts';
import { entropyFrom } from '../../../../src/net/dns/entropy.ts';
import type { Wishes } from '../../../../src/net/dns/query.ts';
import type { Upstream } from '../../../../src/net/dns/upstream.ts';
import { outgoingContext } from '../../../../src/net/tls.ts';

export const wishes: Wishes = { checkingDisabled: true, authenticData: false, dnssecOk: true };

export interface Asking {
  readonly client: Client;
  /** @returns what came of it; `failed` with the reason so far where it took too long. */
  readonly ask: (question: Question, withinMs?: number) => Promise<Exchanged>;
}

export function testDeadlines(t: TestContext): Deadlines {
  const deadlines = startDeadlines(5, 'hold');
  t.after(() => deadlines.close());
  return deadlines;
}

/** @param roots that certificates may lead to. */
export function asking(t: TestContext, upstream: Upstream, roots: readonly string[] = []): Asking {
  const deadlines = testDeadlines(t);
  const client = openClient(upstream, {
    entropy: entropyFrom(randomBytes),
    deadlines,
    now: () => performance.now(),
    context: () => outgoingContext(roots),
  });
  t.after(() => client.close());
  return { client, ask: (question, withinMs = 3_000) => askClient(client, question, withinMs) };
}

export function askClient(client: Client, question: Question, withinMs: number): Promise<Exchanged> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      const because = exchange.soFar();
      exchange.drop();
      resolve({ kind: 'failed', because });
    }, withinMs);
    const exchange = client.ask(
      question,
      () => wishes,
      withinMs,
      (exchanged) => {
        clearTimeout(timer);
        resolve(exchanged);
      },
    );
  });
}

export function plain({ port }: { readonly port: number }): Upstream {
  return { address: '127.0.0.1', port, transport: { kind: 'plain' } };
}

/** `UDP 192.0.2.1`, or why there is no answer. */
export function shown(exchanged: Exchanged): string {
  if (exchanged.kind === 'failed') return `failed: ${exchanged.because}`;
  const { message, way } = exchanged;
  return [way, ...message.answers.map(({ data }) => data.join('.'))].join(' ');
}
