import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { NetworkError } from '../../../src/net/error.ts';
import type { Decision } from '../../../src/policies/decide.ts';
import type { SessionNote } from '../../../src/policies/memory/track.ts';
import { gatherNotes, noteOfResult, noteOfSession } from '../../../src/relay/memory-notes.ts';
import type { Dialled, Way } from '../../../src/relay/session.ts';
import type { PolicyResult } from '../../../src/reports/tls-rpt/session-result.ts';
import { typeAlone } from '../../../src/reports/tls-rpt/tally.ts';
import { PeerError } from '../../../src/wire/dialogue.ts';
import type { TlsFacts } from '../../../src/wire/tls-facts.ts';
import { createAuthority } from '../../support/certificates.ts';
import { DOMAIN, factsOf, nameOf, noneSince } from '../../support/destinations.ts';
import { expected, LAST, MX1, memoryWith, noteOf } from '../../support/tracks.ts';

let leaf: Uint8Array = Uint8Array.of();
let spki = '';

before(async () => {
  const { certPem } = await (await createAuthority()).issue({ names: [MX1] });
  const certificate = new X509Certificate(certPem);
  leaf = certificate.raw;
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  spki = createHash('sha256').update(key).digest('hex');
});

const decision: Decision = {
  requires: 'none',
  tryTls: 'yes',
  by: 'default',
  match: [
    { kind: 'name', name: DOMAIN },
    { kind: 'name', name: MX1 },
  ],
  dane: null,
  provesName: false,
  because: 'of the test',
};

function wayWith(
  change: Partial<Way> = {},
  of: Decision = decision,
): Pick<Way, 'hop' | 'protocol' | 'decision'> {
  const destination = factsOf();
  const hop = { host: MX1, serverName: MX1, address: '192.0.2.1', port: 25, decision: of, destination };
  return { hop, protocol: 'smtp', decision: of, ...change };
}

function secured(): TlsFacts {
  return {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    group: 'X25519',
    chain: [leaf],
    path: { kind: 'trusted' },
    serverName: MX1,
    alpn: null,
  };
}

type OfSession = Extract<Dialled, { kind: 'session' }>['session'];

/** Of a session no more than what is looked at. */
function session(facts: TlsFacts | undefined, tls: Partial<OfSession['tls']>): Dialled {
  const seen = { connection: { channel: { tls: facts } }, tls };
  return { kind: 'session', session: seen as unknown as OfSession };
}

function failed(outcome: unknown): Dialled {
  const common = { transcript: [], sendingAddress: null, helloUnanswered: false };
  return { kind: 'failed', outcome, ...common } as Dialled;
}

function shown(note: SessionNote | undefined): string {
  return note === undefined
    ? 'nothing'
    : `${note.reached} ${note.proof ?? '-'} ${note.spki === spki ? 'key' : '-'}`;
}

function noted(opened: Dialled, way = wayWith(), remembered: string | null = null): string {
  return shown(noteOfSession(way, opened, remembered, LAST));
}

describe('what is remembered of a session', () => {
  it('authenticated: by a name, or by a TLSA record', () => {
    const tls = { outcome: 'authenticated', tlsa: null } as const;
    assert.equal(noted(session(secured(), tls)), 'authenticate name key');
    assert.equal(noted(session(secured(), { ...tls, tlsa: '3 1 1 ab' })), 'authenticate tlsa key');
    assert.deepEqual(noteOfSession(wayWith(), session(secured(), tls), null, LAST), {
      domain: DOMAIN,
      host: MX1,
      reached: 'authenticate',
      at: LAST,
      sessions: 1,
      proof: 'name',
      spki,
    });
  });

  it('by a name that an operator has added it counts as encrypted: nobody could ask for it again', () => {
    const match = [...decision.match, { kind: 'under', suffix: nameOf('provider.test') } as const];
    const way = wayWith({}, { ...decision, match });
    assert.equal(noted(session(secured(), { outcome: 'authenticated', tlsa: null }), way), 'encrypt - key');
  });

  it('encrypted, and in clear', () => {
    assert.equal(noted(session(secured(), { outcome: 'encrypted', tlsa: null })), 'encrypt - key');
    assert.equal(noted(session(undefined, { outcome: 'cleartext' })), 'clear - -');
  });

  it('a host that was proven before proves itself again, whatever DNS proves now: as enforce would have it', () => {
    const destination = { ...factsOf(), memory: memoryWith('observe', expected({ level: 'authenticate' })) };
    const way = wayWith({ hop: { ...wayWith().hop, destination } });
    assert.equal(
      noted(session(secured(), { outcome: 'encrypted', tlsa: null }), way),
      'authenticate name key',
    );
    assert.equal(
      noted(session(secured(), { outcome: 'encrypted', tlsa: '3 1 1 ab' }), way),
      'authenticate tlsa key',
    );
    const untrusted: TlsFacts = { ...secured(), path: { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' } };
    assert.equal(noted(session(untrusted, { outcome: 'encrypted', tlsa: null }), way), 'encrypt - key');
  });

  it('R11: but not where the domain has ended the policy on which that stood: else it would never end', () => {
    const memory = memoryWith('observe', expected({ level: 'authenticate', proof: 'name' }));
    const destination = { ...factsOf({ sts: noneSince(LAST + 1) }), memory };
    const way = wayWith({ hop: { ...wayWith().hop, destination } });
    assert.equal(noted(session(secured(), { outcome: 'encrypted', tlsa: null }), way), 'encrypt - key');
  });

  it('in clear because TLS failed a while ago: that is no word of the host', () => {
    assert.equal(
      noted(session(undefined, { outcome: 'cleartext' }), wayWith(), 'broken before'),
      'failed - -',
    );
  });

  it('what kept it from coming to be', () => {
    const reply = { code: 454, enhanced: null, lines: ['no'] };
    assert.equal(noted(failed({ kind: 'notOffered', offers: {} })), 'clear - -');
    assert.equal(noted(failed({ kind: 'startTlsRefused', reply })), 'clear - -');
    assert.equal(noted(failed({ kind: 'tlsFailed', because: 'reset' })), 'failed - -');
    const proof = { kind: 'encrypted', reason: 'certificate-expired', tlsa: null, because: 'over' };
    assert.equal(noted(failed({ kind: 'unacceptable', proof, facts: secured() })), 'encrypt - key');
  });

  it('what says nothing of TLS is not remembered; an injection does', () => {
    const reply = { code: 421, enhanced: null, lines: ['busy'] };
    assert.equal(noted(failed({ kind: 'refused', at: 'greeting', reply })), 'nothing');
    const broken = { kind: 'broken', transcript: [], sendingAddress: null } as const;
    assert.equal(noted({ ...broken, error: new NetworkError('timeout', 'silent') }), 'nothing');
    assert.equal(noted({ ...broken, error: new PeerError('closed', 'gone') }), 'nothing');
    assert.equal(noted({ ...broken, error: new PeerError('injected', 'octets before TLS') }), 'failed - -');
  });

  it('nothing is remembered of LMTP, of TLS that comes first, of an address, or where TLS is not to be tried', () => {
    const clear = session(undefined, { outcome: 'cleartext' });
    assert.equal(noted(clear, wayWith({ protocol: 'lmtp' })), 'nothing');
    assert.equal(noted(clear, wayWith({ protocol: 'smtps' })), 'nothing');
    assert.equal(noted(clear, wayWith({}, { ...decision, tryTls: 'no' })), 'nothing');
    const hop = { host: '192.0.2.1', serverName: null, address: '192.0.2.1', port: 25, decision };
    assert.equal(noted(clear, wayWith({ hop })), 'nothing');
  });
});

describe('what is remembered of what a Postfix tells', () => {
  function told(
    type: 'sts' | 'tlsa' | 'no-policy-found',
    ...failures: Parameters<typeof typeAlone>[0]['type'][]
  ) {
    const policy: PolicyResult = {
      policy: { type, domain: DOMAIN, strings: [], mxHosts: [] },
      failures: failures.map((one) => typeAlone({ type: one })),
      final: failures.length === 0 ? 'success' : 'failure',
    };
    return noteOfResult({ domain: DOMAIN, record: null, policies: [policy] }, LAST);
  }

  it('TLS, of the domain as a whole, and no more than that under whatever policy', () => {
    for (const type of ['sts', 'tlsa', 'no-policy-found'] as const)
      assert.deepEqual(told(type), noteOf('encrypt', LAST, { host: null, unjudged: true }));
  });

  it('what failed, as far as it says whether there was TLS', () => {
    assert.equal(told('no-policy-found', 'starttls-not-supported')?.reached, 'clear');
    assert.equal(told('sts', 'validation-failure')?.reached, 'failed');
    assert.deepEqual(told('sts', 'certificate-expired'), noteOf('encrypt', LAST, { host: null }));
    assert.equal(told('tlsa', 'certificate-not-trusted', 'starttls-not-supported')?.reached, 'clear');
    assert.equal(told('sts', 'sts-policy-fetch-error'), undefined);
  });

  it('a name that is no domain is nobody', () => {
    assert.equal(noteOfResult({ domain: 'a b', record: null, policies: [] }, LAST), undefined);
  });
});

describe('gatherNotes', () => {
  it('sessions that came to the same are one note, until something else comes between', () => {
    const gathered = gatherNotes();
    for (const [reached, at] of [
      ['encrypt', 1],
      ['encrypt', 2],
      ['clear', 3],
      ['encrypt', 4],
    ] as const)
      gathered.add(noteOf(reached, at));
    const taken = gathered.take().map(({ reached, at, sessions }) => `${reached} ${at} ${sessions}`);
    assert.deepEqual(taken, ['encrypt 2 2', 'clear 3 1', 'encrypt 4 1']);
    assert.deepEqual(gathered.take(), []);
  });

  it('sessions with several hosts keep their order: the domain is judged by all of them', () => {
    const gathered = gatherNotes();
    for (const [reached, at, host] of [
      ['encrypt', 1, MX1],
      ['clear', 2, nameOf('mx2.example.test')],
      ['encrypt', 3, MX1],
    ] as const)
      gathered.add(noteOf(reached, at, { host }));
    assert.deepEqual(
      gathered.take().map(({ reached, at }) => `${reached} ${at}`),
      ['clear 2', 'encrypt 3'],
    );
  });

  it('what nobody judged is no more of the same', () => {
    const gathered = gatherNotes();
    gathered.add(noteOf('encrypt', 1, { host: null, unjudged: true }));
    gathered.add(noteOf('encrypt', 2, { host: null }));
    assert.deepEqual(
      gathered.take().map(({ at, unjudged }) => [at, unjudged === true]),
      [
        [1, true],
        [2, false],
      ],
    );
  });

  it('is full before it takes the thread for long, whatever a host does', () => {
    const gathered = gatherNotes();
    for (let n = 0; n < 499; n += 1) gathered.add(noteOf(n % 2 === 0 ? 'clear' : 'encrypt', n));
    assert.equal(gathered.isFull, false);
    gathered.add(noteOf('encrypt', 499));
    assert.equal(gathered.isFull, true);
  });
});
