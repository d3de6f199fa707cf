/** DNSSEC of a domain and its mail hosts: each id where it is, and where it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, DnssecStatus } from '../../../../src/dns/answer.ts';
import { digestOf } from '../../../../src/dns/dnssec/digest.ts';
import { nameOf as dnsName, showName } from '../../../../src/dns/name.ts';
import { types } from '../../../../src/dns/record.ts';
import { readDnskey } from '../../../../src/dns/records.ts';
import type { Finding } from '../../../../src/findings/finding.ts';
import { dnssecFindings } from '../../../../src/findings/rules/dnssec.ts';
import { nameOf } from '../../../support/destinations.ts';
import { now, only, statesOf } from '../../../support/observations.ts';
import { type Scene, stage } from '../../../support/scenes.ts';
import type { ScriptedZone } from '../../../support/scripted-zone.ts';

const DAY = 86_400;
const key = Buffer.from([1, 1, 3, 13, ...Array.from({ length: 64 }, (_, index) => index)]);
const keyTag = readDnskey(key)?.keyTag ?? 0;
const KEY = `\\# ${key.length} ${key.toString('hex')}`;
const SOA = 'ns.example.test. x.example.test. 1 1 1 1 1';

function dsOf(digestType: number, algorithm = 13): string {
  const digest = digestOf(digestType, dnsName(nameOf('example.test')), key) ?? assert.fail('no digest');
  return `${keyTag} ${algorithm} ${digestType} ${Buffer.from(digest).toString('hex')}`;
}

const good: ScriptedZone = {
  'example.test MX': ['10 mx1.example.test.'],
  'example.test SOA': [SOA],
  'example.test DS': [dsOf(2)],
  'example.test DNSKEY': [KEY],
  'mx1.example.test A': ['192.0.2.1'],
  '_25._tcp.mx1.example.test TLSA': [`3 1 1 ${'ab'.repeat(32)}`],
};

const signedFor =
  (since: number, until: number) =>
  (answer: Answer): Answer =>
    answer.status === 'secure'
      ? { ...answer, signedSince: now / 1000 + since, signedUntil: now / 1000 + until }
      : answer;

function found(scene: Scene): readonly Finding[] {
  const { theCase, run } = stage({ observations: [], change: signedFor(-7 * DAY, 7 * DAY), ...scene });
  return run(dnssecFindings(theCase));
}

const states = (id: string, scene: Partial<Scene> = {}): string =>
  statesOf(found({ zone: good, ...scene }), id);

it('a good zone has nothing but passes', () => {
  assert.deepEqual(
    found({ zone: good }).filter(({ state }) => state !== 'pass'),
    [],
  );
});

describe('zones that are not signed', () => {
  const insecure = { status: 'insecure' } as const;
  const plain = {
    'example.test MX': ['10 mx1.example.test.'],
    'example.test SOA': [SOA],
    'mx1.example.test A': ['192.0.2.1'],
  };

  it('are absent, and matter where somebody wishes DANE', () => {
    const [bare] = only(found({ zone: plain, ...insecure }), 'dnssec.unsigned');
    assert.equal(`${bare?.state} ${bare?.severity}`, 'absent info');
    const wished = { ...plain, '_25._tcp.mx1.example.test TLSA': [`3 1 1 ${'ab'.repeat(32)}`] };
    const [wish] = only(found({ zone: wished, ...insecure }), 'dnssec.unsigned');
    assert.equal(`${wish?.state} ${wish?.severity}`, 'absent medium');
    // From then on they count, so that those that do not fit go first.
    assert.match(
      wish?.fix[0]?.do ?? '',
      /^First see that the TLSA records at _25\._tcp\.mx1\.example\.test fit/,
    );
    assert.doesNotMatch(bare?.fix[0]?.do ?? '', /TLSA/);
    assert.equal(states('dnssec.unsigned'), 'pass');
  });

  it('but have keys are islands, and get the DS record to hand in', () => {
    const zone = { ...good, 'example.test DS': [] as readonly string[] };
    Reflect.deleteProperty(zone, 'example.test DS');
    const [island] = only(found({ zone, ...insecure }), 'dnssec.island');
    assert.equal(island?.state, 'warn');
    assert.deepEqual(
      island?.fix.flatMap(({ lines = [] }) => lines.map(({ text }) => text.toLowerCase())),
      [`example.test. in ds ${dsOf(2)}`],
    );
    assert.match(island?.fix[0]?.do ?? '', /^First see that the TLSA records/);
    assert.equal(states('dnssec.unsigned', { zone, ...insecure }), '', 'it is said once');
  });

  it('as nobody understands their DS have a weak one, and no island', () => {
    assert.equal(states('dnssec.alg-weak', insecure), 'warn');
    assert.equal(states('dnssec.island', insecure), 'pass');
  });
});

it('of what does not exist nothing is said', () => assert.deepEqual(found({ zone: {} }), []));

describe('zones that are bogus', () => {
  const bogus: ScriptedZone = {
    ...good,
    'example.test MX': 'bogus',
    'example.test SOA': 'bogus',
    'example.test DNSKEY': 'bogus',
  };
  const shown =
    (type: number, records: readonly Uint8Array[]) =>
    (answer: Answer): Answer =>
      answer.kind === 'unknown' && answer.question.type === type ? { ...answer, unproven: records } : answer;
  const showing = (ds: string): Partial<Scene> => ({
    zone: { ...bogus, 'example.test DS': [ds] },
    change: (answer) => shown(types.SOA, [Buffer.from('x')])(shown(types.DNSKEY, [key])(answer)),
  });

  it('fail, with what is wrong', () => {
    const [broken] = only(found({ zone: bogus }), 'dnssec.bogus');
    assert.equal(`${broken?.state} ${broken?.severity}`, 'fail critical');
    assert.match(broken?.evidence.join('\n') ?? '', /the signature does not fit/);
    assert.equal(states('dnssec.bogus'), 'pass');
    assert.equal(states('dnssec.unsigned', { zone: bogus }), '', 'which is not the same as unsigned');
  });

  it('for a DS of another key, with the DS of the keys that are there', () => {
    const other = `${keyTag} 13 2 ${'00'.repeat(32)}`;
    const all = found({ zone: good, ...showing(other) });
    const [mismatch] = only(all, 'dnssec.ds-mismatch');
    assert.equal(mismatch?.state, 'fail');
    assert.deepEqual(
      mismatch?.fix[0]?.lines?.map(({ text }) => text.toLowerCase()),
      [`example.test. in ds ${dsOf(2)}`],
    );
    assert.deepEqual(only(all, 'dnssec.bogus')[0]?.fix, mismatch?.fix);
    assert.equal(
      statesOf(found({ zone: good, ...showing(dsOf(2)) }), 'dnssec.ds-mismatch'),
      'pass',
      'the fault is elsewhere',
    );
    assert.equal(
      statesOf(found({ zone: good, ...showing(dsOf(2, 8)) }), 'dnssec.ds-mismatch'),
      'fail',
      'another algorithm',
    );
  });
});

it('a resolver that proves nothing leaves it untested, and says what helps', () => {
  const all = found({ zone: good, status: 'indeterminate' });
  assert.deepEqual(
    all.map(({ id, state }) => `${id} ${state}`),
    ['dnssec.unsigned not-tested'],
  );
  assert.equal(all[0]?.fix[0]?.who, 'tester');
  assert.match(all[0]?.fix[0]?.do ?? '', /--resolver.*--dnssec/);
});

describe('what will not hold for long', () => {
  it('RFC 9905 §2: keys and digests with SHA-1', () => {
    const weak = (...ds: readonly string[]): string =>
      states('dnssec.alg-weak', { zone: { ...good, 'example.test DS': ds } });
    assert.equal(weak(dsOf(1)), 'warn');
    assert.equal(weak(dsOf(2, 5)), 'warn');
    assert.equal(weak(dsOf(2, 7)), 'warn');
    assert.equal(weak(dsOf(1), dsOf(2)), 'pass');
    assert.equal(weak(dsOf(2, 8)), 'pass');
  });

  it('RFC 9276 §3.1: more rounds than none', () => {
    const rounds = (count: number): string => {
      const zone = { ...good, 'example.test NSEC3PARAM': [`1 0 ${count} -`] };
      return only(found({ zone }), 'dnssec.nsec3-iterations')
        .map(({ state, severity }) => `${state} ${severity}`)
        .join();
    };
    assert.equal(rounds(0), 'pass medium');
    assert.equal(rounds(1), 'warn low');
    assert.equal(rounds(100), 'warn low');
    assert.equal(rounds(101), 'warn medium');
    assert.equal(states('dnssec.nsec3-iterations'), 'pass', 'NSEC hashes nothing');
  });

  it('signatures in their last tenth, and in their last three days', () => {
    const left = (since: number, until: number): string =>
      states('dnssec.rrsig-expiring', { change: signedFor(since, until) });
    assert.equal(left(-13 * DAY, DAY), 'warn, warn', 'of the domain and of its host');
    assert.equal(left(-12 * DAY, 2 * DAY), 'pass, pass', 'a seventh is left');
    assert.equal(left(-DAY, DAY), 'pass, pass', 'zones that are signed for two days, again and again');
    assert.equal(left(-86 * DAY, 4 * DAY), 'pass, pass', 'more than three days');
    assert.equal(left(-20 * DAY, -DAY), 'warn, warn', 'at a moment to come');
    assert.equal(
      statesOf(found({ zone: good, change: (answer) => answer }), 'dnssec.rrsig-expiring'),
      '',
      'not known',
    );
  });
});

describe('zones of mail hosts', () => {
  const outside: ScriptedZone = {
    ...good,
    'example.test MX': ['10 mx.other.test.'],
    'mx.other.test A': ['192.0.2.2'],
  };
  const statuses = (status: DnssecStatus): Partial<Scene> => ({
    zone: outside,
    statuses: { 'other.test': status },
  });

  it('unsigned below a signed domain', () => {
    assert.equal(states('dnssec.mx-zone-unsigned', statuses('insecure')), 'warn');
    assert.equal(states('dnssec.mx-zone-unsigned', statuses('secure')), 'pass');
    assert.equal(
      states('dnssec.mx-zone-unsigned', { zone: outside, status: 'insecure' }),
      '',
      'the domain is no better',
    );
  });

  it('bogus', () => {
    assert.equal(
      states('dnssec.mx-zone-bogus', { zone: { ...outside, 'mx.other.test A': 'bogus' } }),
      'fail',
    );
    assert.equal(states('dnssec.mx-zone-bogus'), 'pass');
  });

  it('behind an alias that leaves the signed zone', () => {
    const owner = dnsName(nameOf('x.cloud.test'));
    const change = (answer: Answer): Answer =>
      showName(answer.question.name) === 'mx.other.test'
        ? {
            ...answer,
            owner,
            aliases: [{ from: answer.question.name, to: owner, by: 'CNAME', status: 'secure' }],
          }
        : answer;
    assert.equal(states('dnssec.cname-insecure', { ...statuses('insecure'), change }), 'warn');
    assert.equal(
      states('dnssec.mx-zone-unsigned', { ...statuses('insecure'), change }),
      '',
      'its own zone is signed',
    );
    assert.equal(states('dnssec.cname-insecure', statuses('secure')), 'pass');
  });

  it('whose TLSA records are signed while the addresses are not', () => {
    const zone = { ...outside, '_25._tcp.mx.other.test TLSA': [`3 1 1 ${'ab'.repeat(32)}`] };
    const signed = { '_tcp.mx.other.test': 'secure', 'other.test': 'insecure' } as const;
    assert.equal(states('dnssec.address-insecure', { zone, statuses: signed }), 'warn');
    assert.equal(states('dnssec.address-insecure', { zone, statuses: { 'other.test': 'insecure' } }), '');
    assert.equal(states('dnssec.address-insecure'), 'pass');
  });
});

describe('the place of TLSA records', () => {
  const TLSA = '_25._tcp.mx1.example.test TLSA';

  it('RFC 7672 §2.1.2: questions that are not answered keep mail away', () => {
    for (const said of ['unknown', 'bogus'] as const) {
      const [broken] = only(found({ zone: { ...good, [TLSA]: said } }), 'dnssec.denial-broken');
      assert.equal(`${broken?.state} ${broken?.severity}`, 'fail critical');
    }
    assert.equal(states('dnssec.denial-broken'), 'pass');
  });

  it('RFC 8020 §2: the name above them has to be there', () => {
    const change = (answer: Answer): Answer =>
      showName(answer.question.name) === '_tcp.mx1.example.test' && answer.kind === 'absent'
        ? { ...answer, what: 'no-such-name' }
        : answer;
    assert.equal(states('dnssec.ent-nxdomain', { change }), 'fail');
    assert.equal(states('dnssec.ent-nxdomain'), 'pass');
    const none = { ...good };
    Reflect.deleteProperty(none, TLSA);
    assert.equal(
      states('dnssec.ent-nxdomain', { zone: none, change }),
      '',
      'without records it does not matter',
    );
  });
});

describe('hosts that were named themselves', () => {
  const target = {
    kind: 'host',
    host: nameOf('mx1.example.test'),
    port: 993,
    protocol: 'imap',
    tls: 'implicit',
  } as const;

  it('have the same said of their own zone, and TLSA records at their own port', () => {
    const all = found({ zone: good, target });
    assert.equal(statesOf(all, 'dnssec.unsigned'), 'pass');
    assert.equal(statesOf(all, 'dnssec.mx-zone-unsigned'), '');
    const broken = { ...good, '_993._tcp.mx1.example.test TLSA': 'unknown' } as const;
    assert.equal(statesOf(found({ zone: broken, target }), 'dnssec.denial-broken'), 'fail');
    assert.equal(
      statesOf(found({ zone: { ...good, 'mx1.example.test A': 'bogus' }, target }), 'dnssec.bogus'),
      'fail',
    );
  });

  it('by address are asked nothing', () => {
    const address = {
      kind: 'address',
      address: '192.0.2.1',
      port: 25,
      protocol: 'smtp',
      tls: 'starttls',
    } as const;
    assert.deepEqual(found({ zone: {}, target: address }), []);
  });
});
