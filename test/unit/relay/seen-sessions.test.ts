import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { NetworkError } from '../../../src/net/error.ts';
import { decideAll } from '../../../src/policies/combine.ts';
import { listFor } from '../../../src/policies/list/facts.ts';
import type { SeenSession } from '../../../src/policies/report-only/seen.ts';
import { gatherSeen, seenInSession } from '../../../src/relay/seen-sessions.ts';
import type { Dialled, Way } from '../../../src/relay/session.ts';
import type { ChainPath, TlsFacts } from '../../../src/wire/tls-facts.ts';
import { createAuthority } from '../../support/certificates.ts';
import { byMx, DOMAIN, factsOf, hostWith, stsOf, type Told } from '../../support/destinations.ts';
import { keptOf, listOf, NOON } from '../../support/lists.ts';
import { seenOf } from '../../support/seen.ts';
import { expected, LAST, MX1, memoryWith } from '../../support/tracks.ts';

const DAY = 86_400_000;
let leaf: Uint8Array = Uint8Array.of();

before(async () => {
  const { certPem } = await (await createAuthority()).issue({ names: [MX1, '*.example.test'] });
  leaf = new X509Certificate(certPem).raw;
});

const unsigned: Told = { way: byMx('insecure', MX1) };

function wayTo(told: Told = unsigned, change: Partial<Way> = {}): Pick<Way, 'hop' | 'protocol' | 'decision'> {
  const destination = { ...factsOf(told), memory: memoryWith('observe', expected()) };
  const [host] = decideAll(destination, { route: undefined, defaultLevel: 'may' }).hosts;
  if (host?.kind !== 'use') return assert.fail('the host is avoided');
  const { decision } = host;
  const hop = { host: MX1, serverName: MX1, address: '192.0.2.1', port: 25, decision, destination };
  return { hop, protocol: 'smtp', decision, ...change };
}

type OfSession = Extract<Dialled, { kind: 'session' }>['session'];

function session(path: ChainPath | undefined, chain: readonly Uint8Array[] = [leaf]): Dialled {
  const tls: TlsFacts | undefined =
    path === undefined
      ? undefined
      : {
          version: 'TLSv1.3',
          cipher: 'TLS_AES_256_GCM_SHA384',
          group: 'X25519',
          chain,
          path,
          serverName: MX1,
          alpn: null,
        };
  return { kind: 'session', session: { connection: { channel: { tls } } } as unknown as OfSession };
}

function failed(kind: string): Dialled {
  const common = { transcript: [], sendingAddress: null, helloUnanswered: false };
  return { kind: 'failed', outcome: { kind }, ...common } as unknown as Dialled;
}

function seen(opened: Dialled, way = wayTo(), remembered: string | null = null): SeenSession | undefined {
  return seenInSession(way, opened, remembered, LAST);
}

const memory = { level: 'encrypt', own: true } as const;

describe('what is kept of a session', () => {
  it('the certificate, whether it is valid, and what the memory expects', () => {
    const names = [MX1, '*.example.test'];
    assert.deepEqual(
      seen(session({ kind: 'trusted' })),
      seenOf({ memory, certificate: { path: 'trusted', names, more: false } }),
    );
    const expired = seen(session({ kind: 'untrusted', code: 'CERT_HAS_EXPIRED' }));
    assert.deepEqual(expired?.certificate, { path: 'CERT_HAS_EXPIRED', names, more: false });
    assert.equal(seen(session({ kind: 'absent' }, []))?.certificate, null);
  });

  it('that there was no TLS, and that it failed', () => {
    const none = { certificate: null, memory };
    assert.deepEqual(seen(session(undefined)), seenOf({ ...none, tls: 'clear' }));
    assert.equal(seen(session(undefined), wayTo(), 'broken before')?.tls, 'failed');
    assert.equal(seen(failed('notOffered'))?.tls, 'clear');
    assert.equal(seen(failed('startTlsRefused'))?.tls, 'clear');
    assert.equal(seen(failed('tlsFailed'))?.tls, 'failed');
  });

  it('whether the host is one that the path could not choose, and whether signed MX records say so', () => {
    const vouched = (told: Told): boolean | undefined =>
      seen(session({ kind: 'trusted' }), wayTo(told))?.vouched;
    const signed = (told: Told): boolean | undefined =>
      seen(session({ kind: 'trusted' }), wayTo(told))?.signed;
    assert.equal(signed(unsigned), false);
    assert.equal(signed({ way: byMx('secure', MX1) }), true);
    assert.equal(signed({ ...unsigned, sts: stsOf('enforce', MX1) }), false);
    assert.equal(vouched({ ...unsigned, list: listOf('enforce', MX1) }), true);
    assert.equal(vouched({ ...unsigned, list: listOf('testing', MX1) }), false);
    assert.equal(vouched(unsigned), false);
    assert.equal(vouched({ way: byMx('secure', MX1) }), true);
    assert.equal(vouched({ ...unsigned, sts: stsOf('enforce', MX1) }), true);
    assert.equal(vouched({ ...unsigned, sts: stsOf('testing', MX1) }), false);
  });

  it('what TLSA records and a policy say of it', () => {
    const records = { way: byMx('secure', MX1), hosts: [hostWith(MX1, 'usable')] };
    assert.equal(seen(session({ kind: 'trusted' }), wayTo(records))?.tlsa, 'mismatch');
    const policy = (mode: 'testing' | 'none', host: string) =>
      seen(session({ kind: 'trusted' }), wayTo({ ...unsigned, sts: stsOf(mode, host) }))?.sts;
    assert.deepEqual(policy('testing', MX1), { mode: 'testing', lists: true });
    assert.deepEqual(policy('testing', 'other.test'), { mode: 'testing', lists: false });
    assert.equal(policy('none', MX1), null);
    assert.equal(seen(session(undefined), wayTo(records))?.tlsa, 'mismatch');
    assert.equal(seen(failed('tlsFailed'), wayTo(records))?.tlsa, 'mismatch');
  });

  it('what the policy list says of it', () => {
    const list = (...listed: Parameters<typeof listOf>) =>
      seen(session({ kind: 'trusted' }), wayTo({ ...unsigned, list: listOf(...listed) }))?.list;
    assert.deepEqual(list('testing', MX1), { mode: 'testing', names: true });
    assert.deepEqual(list('testing', '.other.test'), { mode: 'testing', names: false });
    assert.deepEqual(list('enforce', '.example.test'), { mode: 'enforce', names: true });
    assert.deepEqual(list('none'), { mode: 'none', names: false });
    const over = listFor(DOMAIN, keptOf('enforce', MX1), NOON + 14 * DAY);
    assert.equal(seen(session({ kind: 'trusted' }), wayTo({ ...unsigned, list: over }))?.list, null);
  });

  it('nothing where the session says nothing of TLS, or none is to be tried', () => {
    assert.equal(seen(failed('refused')), undefined);
    const error = new NetworkError('timeout', 'silent');
    assert.equal(seen({ kind: 'broken', error, transcript: [], sendingAddress: null }), undefined);
    assert.equal(seen(session(undefined), wayTo(unsigned, { protocol: 'lmtp' })), undefined);
    const { decision } = wayTo();
    assert.equal(
      seen(session(undefined), wayTo(unsigned, { decision: { ...decision, tryTls: 'no' } })),
      undefined,
    );
  });
});

describe('gatherSeen', () => {
  it('equal sessions of a day are one row', () => {
    const gathered = gatherSeen();
    for (const at of [LAST, LAST + 1, LAST + DAY]) gathered.add(seenOf(), at);
    gathered.add(seenOf({ tls: 'clear' }), LAST);
    assert.deepEqual(
      gathered.take().map(({ day, domain, sessions, seen: one }) => [day, domain, one?.tls, sessions]),
      [
        ['2026-11-28', DOMAIN, 'done', 2],
        ['2026-11-29', DOMAIN, 'done', 1],
        ['2026-11-28', DOMAIN, 'clear', 1],
      ],
    );
    assert.deepEqual(gathered.take(), []);
  });

  it('is full before it takes the thread for long', () => {
    const gathered = gatherSeen();
    for (let n = 0; n < 500; n += 1) gathered.add(seenOf(), LAST + n * DAY);
    assert.equal(gathered.isFull, true);
  });
});
