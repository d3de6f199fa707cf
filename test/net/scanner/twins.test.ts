/**
 * Each flaw that a check claims to find is found in a twin that has it, and not in the same server without it: a hundred
 * times each, whatever pieces its octets come in and however long they take.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { CheckProtocol } from '../../../src/findings/endpoint.ts';
import type { Observation } from '../../../src/findings/observation.ts';
import { openObserver } from '../../../src/scanner/observe.ts';
import { dialects } from '../../attacks/dialects.ts';
import { type FrontWeakness, startSloppyFront } from '../../attacks/twins/sloppy-front.ts';
import { startToyServer } from '../../attacks/twins/toy-server.ts';
import { zooCertificate, zooRoot } from '../../zoo/certificates.ts';
import { imap } from '../../zoo/hostile/mailboxes.ts';
import { smtp } from '../../zoo/hostile-smtp.ts';
import { type Behaviour, startTalker } from '../../zoo/talk.ts';
import { roughWay, seeded } from '../../zoo/weather.ts';

const RUNS = 100;
const AT_ONCE = 5;
const certificate = zooCertificate('good', 'mx.zoo.test');

const observer = openObserver({
  helloName: 'scanner.example.test',
  roots: [zooRoot],
  timeoutMs: 5_000,
  now: () => Date.now(),
});
after(() => observer.close());

interface Twin {
  readonly port: number;
  readonly close: () => unknown;
}

/** What is seen of a server, a hundred times, each time by another way. */
async function observations(
  twin: Twin,
  protocol: CheckProtocol,
  plan: { readonly depth: 'standard' | 'deep'; readonly budget: number },
): Promise<readonly Observation[]> {
  const seen: Observation[] = [];
  const visit = async (run: number): Promise<void> => {
    const way = await roughWay(twin.port, seeded(run));
    try {
      seen.push(
        await observer.observe(
          { address: '127.0.0.1', port: way.port, protocol, tls: 'starttls', serverName: null },
          { ...plan, intrusive: true, between: async () => 'go' },
        ),
      );
    } finally {
      way.close();
    }
  };
  try {
    for (let run = 0; run < RUNS; run += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => visit(run + index)));
    }
  } finally {
    await twin.close();
  }
  return seen;
}

/** How often each answer came. */
function counted(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

function injectionOf({ probes: { injection } }: Observation): string {
  if (injection === undefined) return 'not planned';
  return injection.kind === 'seen' ? injection.answered : `not tested: ${injection.because}`;
}

function stateOf({ probes: { state } }: Observation): string {
  if (state === undefined) return 'not planned';
  return state.kind === 'seen' ? `kept: ${state.kept}` : `not tested: ${state.because}`;
}

const talker = (behave: Behaviour): Promise<Twin> => startTalker(['127.0.0.1'], certificate, behave);
/** One version and no name: the questions that are of no interest here are not asked. */
const tls = { maxVersion: 'TLSv1.2' } as const;

describe('SMTP: commands injected before TLS, and state kept over it (RFC 3207 §4.2)', () => {
  /** As many as come to the question about state. */
  const deep = { depth: 'deep', budget: 7 } as const;

  it(`the twin with both flaws is convicted ${RUNS} times of ${RUNS}`, async () => {
    const twin = await talker(smtp({ leftover: 'kept', keepsState: true, tls }));
    const seen = await observations(twin, 'smtp', deep);
    assert.deepEqual(counted(seen.map(injectionOf)), { inside: RUNS });
    assert.deepEqual(counted(seen.map(stateOf)), { 'kept: true': RUNS });
  });

  for (const leftover of ['dropped', 'to-tls'] as const) {
    it(`the one that is right is cleared ${RUNS} times of ${RUNS}; what came too early is ${leftover}`, async () => {
      const seen = await observations(await talker(smtp({ leftover, tls })), 'smtp', deep);
      assert.deepEqual(counted(seen.map(injectionOf)), { never: RUNS });
      assert.deepEqual(counted(seen.map(stateOf)), { 'kept: false': RUNS });
    });
  }
});

describe('IMAP: PREAUTH, after which there is no STARTTLS (RFC 9051 §7.1.4)', () => {
  const once = { depth: 'standard', budget: 1 } as const;
  const greetings = { '* PREAUTH mx.zoo.test welcome back\r\n': true, '* OK mx.zoo.test ready\r\n': false };
  for (const [greeting, expected] of Object.entries(greetings)) {
    it(`${greeting.trim()}: ${expected}, ${RUNS} times of ${RUNS}`, async () => {
      const seen = await observations(await talker(imap({ greeting })), 'imap', once);
      assert.deepEqual(counted(seen.map(({ base }) => `${base.mailbox?.preauth}`)), {
        [`${expected}`]: RUNS,
      });
    });
  }
});

const others = ['imap', 'pop3', 'sieve', 'nntp', 'ftp', 'ldap', 'xmpp', 'postgres', 'mysql'] as const;

/** In MySQL a client does not wait for a go-ahead: the front tells its ClientHello from what was injected before that. */
async function mysqlFront(weaknesses: readonly FrontWeakness[]): Promise<Twin> {
  const dialect = dialects.mysql;
  const server = await startToyServer(dialect, certificate);
  const front = await startSloppyFront({
    dialect,
    certificate,
    backend: server.port,
    weaknesses,
    patienceMs: 5_000,
    maxConnections: 100,
  });
  return {
    port: front.port,
    close: () => {
      front.close();
      server.close();
    },
  };
}

function twinOf(protocol: (typeof others)[number], weaknesses: readonly 'keepsLeftover'[]): Promise<Twin> {
  if (protocol === 'mysql') return mysqlFront(weaknesses);
  return startToyServer(dialects[protocol], certificate, {}, weaknesses);
}

for (const protocol of others) {
  describe(`${protocol}: commands injected before TLS`, () => {
    const two = { depth: 'standard', budget: 2 } as const;
    it(`the twin with the flaw is convicted ${RUNS} times of ${RUNS}`, async () => {
      const seen = await observations(await twinOf(protocol, ['keepsLeftover']), protocol, two);
      assert.deepEqual(counted(seen.map(injectionOf)), { inside: RUNS });
    });
    it(`the one that is right is cleared ${RUNS} times of ${RUNS}`, async () => {
      const seen = await observations(await twinOf(protocol, []), protocol, two);
      assert.deepEqual(counted(seen.map(injectionOf)), { never: RUNS });
    });
  });
}
