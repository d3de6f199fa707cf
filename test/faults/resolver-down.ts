/** The resolver stops answering, or answers with errors, while mail is to be delivered by MX. */
import { createHash, X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSink } from '../peers/support/sink.ts';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import { createAuthority } from '../support/certificates.ts';
import { type Mood, mx, startFakeResolver } from './support/resolver.ts';
import type { Row } from './support/row.ts';
import { besiege, underLoad } from './support/siege.ts';

const moods: Readonly<Record<Exclude<Mood, 'answers'>, string>> = {
  silent: 'does not answer',
  refuses: 'answers REFUSED',
  fails: 'answers SERVFAIL',
};

/** Every second message is for a domain whose host has a TLSA record. */
export async function resolverDown(
  mood: Exclude<Mood, 'answers'>,
  forMs: number,
  options: WaxwingOptions = {},
): Promise<Row> {
  const authority = await createAuthority();
  const certificate = await authority.issue({ names: ['mx.safe.test'] });
  const sink = await startSink(certificate);
  const resolver = await startFakeResolver({
    'MX safe.test': mx('mx.safe.test'),
    'A mx.safe.test': Buffer.from([127, 0, 0, 1]),
    'TLSA _25._tcp.mx.safe.test': Buffer.concat([Buffer.from([3, 1, 1]), keyDigest(certificate.certPem)]),
    'MX plain.test': mx('mx.plain.test'),
    'A mx.plain.test': Buffer.from([127, 0, 0, 1]),
  });
  try {
    return await besiege({
      fault: `the resolver ${moods[mood]} for ${forMs / 1_000} s`,
      load: {
        connections: 10,
        perSecond: 50,
        contentBytes: 4_000,
        to: (number) => (number % 2 === 0 ? 'b@safe.test' : 'b@plain.test'),
      },
      options: {
        ...options,
        routes: [{ match: 'safe.test' }, { match: 'plain.test' }],
        relay: { retry: ['1s'], smtp_port: sink.port, ...options.relay },
        dns: { resolver: [`127.0.0.1:${resolver.port}`], dnssec: 'trust' },
      },
      farSide: () => ({
        arrived: () => Promise.resolve(sink.taken.map(({ subject }) => subject)),
        returned: () => Promise.resolve([]),
      }),
      async strike({ waxwing, load: running }) {
        await underLoad(running, 2_000, 40);
        resolver.become(mood);
        // What is known keeps its second; the answers to questions under way have theirs.
        await sleep(1_500);
        const before = sink.taken.length;
        await sleep(forMs);
        const meanwhile = sink.taken.length - before;
        const reasons = new Map<string, number>();
        for (const { event, tls } of waxwing.events())
          if (event === 'deferred')
            reasons.set(tls?.because ?? '', (reasons.get(tls?.because ?? '') ?? 0) + 1);
        const [because = ''] = [...reasons].toSorted(([, a], [, b]) => b - a)[0] ?? [];
        resolver.become('answers');
        const asked = resolver.asked;
        await sleep(3_000);
        const events = waxwing.events();
        const bounced = events.filter(({ event }) => event === 'bounced').length;
        const outcomes = Map.groupBy(
          events.filter(({ event, to }) => event === 'delivered' && to === 'b@safe.test'),
          ({ tls }) => tls?.outcome ?? 'none',
        );
        const ways = [...outcomes].map(([outcome, list]) => `${outcome} (${list.length})`).join(', ');
        return {
          text: `Meanwhile ${meanwhile} were delivered and ${bounced} bounced; mail waits as deferred: "${because.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replaceAll(/:\d{4,5}\b/g, ':PORT')}". In the three seconds after, ${resolver.asked - asked} questions were asked. Mail for the domain with TLSA records went ${ways}.`,
          facts: {
            delivered: meanwhile,
            bounced,
            unproven: [...outcomes].reduce(
              (sum, [outcome, { length }]) => sum + (outcome === 'authenticated' ? 0 : length),
              0,
            ),
          },
        };
      },
    });
  } finally {
    resolver.close();
    await sink.close();
  }
}

function keyDigest(certPem: string): Buffer {
  const key = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest();
}
