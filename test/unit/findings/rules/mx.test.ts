/** What is found of MX records and the hosts behind them: each id where it is, and where it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../../src/dns/answer.ts';
import { nameOf, showName } from '../../../../src/dns/name.ts';
import type { Finding } from '../../../../src/findings/finding.ts';
import { mxFindings } from '../../../../src/findings/rules/mx.ts';
import { nameOf as domain } from '../../../support/destinations.ts';
import {
  notConnected,
  observe,
  only,
  sentAway,
  statesOf,
  tlsSeen,
  withoutStarttls,
} from '../../../support/observations.ts';
import { type Scene, stage } from '../../../support/scenes.ts';
import type { ScriptedZone } from '../../../support/scripted-zone.ts';

const D = 'example.test';

function found(scene: Scene): readonly Finding[] {
  const { theCase, run } = stage({ observations: [], ...scene });
  return run(mxFindings(theCase));
}

/** Two good hosts with public addresses and names. */
const good: ScriptedZone = {
  [`${D} MX`]: ['10 mx1.example.test.', '20 mx2.example.test.'],
  'mx1.example.test A': ['198.41.0.4'],
  'mx2.example.test AAAA': ['2001:503:ba3e::2:30'],
  '4.0.41.198.in-addr.arpa PTR': ['mx1.example.test.'],
  '0.3.0.0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.e.3.a.b.3.0.5.0.1.0.0.2.ip6.arpa PTR': ['mx2.example.test.'],
};

const states = (zone: ScriptedZone, id: string, scene: Partial<Scene> = {}): string =>
  statesOf(found({ zone, ...scene }), id);

/** `id`, what is different from the good zone, and the states of the id then. */
const cases: readonly (readonly [id: string, change: ScriptedZone, states: string])[] = [
  ['mx.none-implicit-a', { [`${D} MX`]: [], [`${D} A`]: ['198.41.0.4'] }, 'warn'],
  ['mx.null-with-others', { [`${D} MX`]: ['0 .', '10 mx1.example.test.'] }, 'fail'],
  ['mx.localhost', { [`${D} MX`]: ['10 localhost.'] }, 'fail'],
  ['mx.localhost', { [`${D} MX`]: ['10 mail.localhost.', '20 localhost.localdomain.'] }, 'fail, fail'],
  ['mx.ip-literal', { [`${D} MX`]: ['10 198.41.0.4.', '20 mx1.example.test.'] }, 'fail'],
  ['mx.no-address', { 'mx2.example.test AAAA': [] }, 'pass, fail'],
  ['mx.duplicate', { [`${D} MX`]: ['10 mx1.example.test.', '20 mx1.example.test.'] }, 'warn'],
  ['mx.single', { [`${D} MX`]: ['10 mx1.example.test.'] }, 'warn'],
  [
    'mx.too-many',
    { [`${D} MX`]: Array.from({ length: 11 }, (_, index) => `10 mx${index}.example.test.`) },
    'warn',
  ],
  ['mx.mixed-providers', { [`${D} MX`]: ['10 mx1.example.test.', '20 mx.other.test.'] }, 'warn'],
  ['mx.provider-token', { [`${D} MX`]: ['10 mx1.example.test.', '99 ms1.msv1.invalid.'] }, 'warn'],
  ['mx.wildcard', { [`*.${D} MX`]: ['10 mx1.example.test.'] }, 'warn'],
  ['mx.private-address', { 'mx1.example.test A': ['10.0.0.1'] }, 'fail, pass'],
  ['mx.ptr-missing', { '4.0.41.198.in-addr.arpa PTR': [] }, 'absent, pass'],
  ['mx.ptr-missing', { '4.0.41.198.in-addr.arpa PTR': 'unknown' }, 'not-tested, pass'],
  [
    'mx.fcrdns',
    { '4.0.41.198.in-addr.arpa PTR': ['other.test.'], 'other.test A': ['198.41.0.5'] },
    'warn, pass',
  ],
  [
    'mx.fcrdns',
    { '4.0.41.198.in-addr.arpa PTR': ['other.test.'], 'other.test A': 'unknown' },
    'not-tested, pass',
  ],
  ['mx.fcrdns', { '4.0.41.198.in-addr.arpa PTR': ['other.test.', 'mx1.example.test.'] }, 'pass, pass'],
];

/** A zone with other records; an empty list takes records away. */
function changed(change: ScriptedZone): ScriptedZone {
  return Object.fromEntries(Object.entries({ ...good, ...change }).filter(([, value]) => value.length > 0));
}

describe('each id where it is, and where it is not', () => {
  it('a good zone has nothing but passes', () => {
    const problems = found({ zone: good }).filter(({ state }) => state !== 'pass');
    assert.deepEqual(problems, []);
  });

  for (const [id, change, expected] of cases) {
    it(`${id}: ${JSON.stringify(change).slice(0, 100)}`, () => {
      assert.equal(states(changed(change), id), expected);
      assert.match(states(good, id), /^pass/, 'and it passes in the good zone');
    });
  }
});

describe('domains that take no mail', () => {
  it('RFC 7505 §3: one record, with the preference 0', () => {
    assert.equal(states({ [`${D} MX`]: ['0 .'] }, 'mx.null'), 'pass');
    assert.equal(states({ [`${D} MX`]: ['10 .'] }, 'mx.null'), 'warn');
    assert.equal(states({ [`${D} MX`]: ['0 .', '0 .'] }, 'mx.null'), 'warn');
    assert.equal(states(good, 'mx.null'), '');
  });

  it('without MX and without address, the null MX is missing, with the record to paste', () => {
    const [none] = only(found({ zone: { [`${D} TXT`]: ['x'] } }), 'mx.null-missing-nonmail');
    assert.equal(none?.state, 'absent');
    assert.match(none?.fix[0]?.do ?? '', /^If example\.test takes mail, name its mail host/);
    assert.deepEqual(none?.fix[1]?.lines, [{ for: 'dns', text: 'example.test. IN MX 0 .' }]);
    assert.equal(states({ [`${D} A`]: ['198.41.0.4'] }, 'mx.null-missing-nonmail'), '');
    const unknown = { [`${D} TXT`]: ['x'], [`${D} A`]: 'unknown' } as const;
    assert.deepEqual(found({ zone: unknown }), [], 'whether it has an address is not known');
  });

  it('a domain that does not exist, and one of which nothing is known, are for others to tell', () => {
    assert.deepEqual(found({ zone: {} }), []);
    assert.deepEqual(found({ zone: { [`${D} MX`]: 'unknown' } }), []);
    assert.deepEqual(found({ zone: { [`${D} MX`]: 'bogus' } }), []);
  });
});

describe('a mail host without an address', () => {
  it('can get one or lose its record, each with its own line', () => {
    const [, dead] = only(found({ zone: changed({ 'mx2.example.test AAAA': [] }) }), 'mx.no-address');
    assert.deepEqual(
      dead?.fix.map(({ lines }) => lines?.[0]?.text),
      ['mx2.example.test. IN A <IPv4 address of the host>', 'example.test. IN MX 20 mx2.example.test.'],
    );
  });
});

describe('names of mail hosts that others could have', () => {
  const away = { [`${D} MX`]: ['10 mx.gone.test.'] };

  it('the highest name that does not exist', () => {
    const [dangling] = only(found({ zone: { ...away, 'other.test A': ['198.41.0.4'] } }), 'mx.dangling');
    assert.equal(dangling?.state, 'fail');
    assert.match(dangling?.evidence.at(-1) ?? '', /^gone\.test does not exist/);
  });

  it('where the name above exists, nobody can have it', () => {
    const zone = { ...away, 'gone.test SOA': ['ns.gone.test. x.gone.test. 1 1 1 1 1'] };
    assert.equal(states(zone, 'mx.dangling'), '');
    assert.equal(states(zone, 'mx.no-address'), 'fail');
  });

  it('names in the domain itself are its own', () => {
    assert.equal(
      states({ [`${D} MX`]: ['10 mx.gone.example.test.'], [`${D} TXT`]: ['x'] }, 'mx.dangling'),
      '',
    );
  });

  it('what an alias leads to', () => {
    const change = (answer: Answer): Answer =>
      showName(answer.question.name) === 'mx1.example.test' && answer.kind === 'absent'
        ? aliased(answer, 'x.cloud.test')
        : answer;
    const zone = { [`${D} MX`]: ['10 mx1.example.test.'] };
    const [dangling] = only(found({ zone, change }), 'mx.dangling');
    assert.match(dangling?.evidence.at(-1) ?? '', /^x\.cloud\.test does not exist/);
  });

  it('what is not known is not said', () => {
    assert.equal(states({ ...away, 'mx.gone.test A': 'unknown' }, 'mx.dangling'), '');
    assert.equal(states({ ...away, 'mx.gone.test A': 'unknown' }, 'mx.no-address'), '');
  });
});

function aliased<One extends Answer>(answer: One, to: string): One {
  const owner = nameOf(domain(to));
  return {
    ...answer,
    owner,
    aliases: [{ from: answer.question.name, to: owner, by: 'CNAME', status: 'secure' }],
  };
}

it('RFC 2181 §10.3: the name in an MX record "must not be an alias"', () => {
  const change = (answer: Answer): Answer =>
    showName(answer.question.name) === 'mx1.example.test' && answer.kind === 'found'
      ? aliased(answer, 'real.test')
      : answer;
  const [alias, other] = only(found({ zone: good, change }), 'mx.cname');
  assert.equal(alias?.state, 'warn');
  assert.deepEqual(alias?.evidence, ['mx1.example.test. CNAME real.test.']);
  assert.deepEqual(alias?.fix[0]?.lines, [{ for: 'dns', text: 'example.test. IN MX 10 real.test.' }]);
  assert.equal(other?.state, 'pass');
});

it('an address that was visited is the right one inside that network, and no failure', () => {
  const zone = changed({ 'mx1.example.test A': ['127.80.0.25'] });
  const observations = [observe({ endpoint: { address: '127.80.0.25' } })];
  const [inside] = only(found({ zone, observations }), 'mx.private-address');
  assert.equal(`${inside?.state} ${inside?.severity}`, 'warn info');
});

it('a private address whose owner asked not to be visited is not judged; one that was refused as private is', () => {
  const zone = { ...good, 'mx1.example.test A': ['127.80.0.25'] };
  const door = {
    host: 'mx1.example.test',
    address: '127.80.0.25',
    port: 25,
    because: 'of the test',
  } as const;
  for (const [kind, expected] of [
    ['opted-out', 'not-tested info'],
    ['throttled', 'not-tested info'],
    ['private', 'fail high'],
  ] as const) {
    const [one] = only(found({ zone, skipped: [{ ...door, kind, retryAt: null }] }), 'mx.private-address');
    assert.equal(`${one?.state} ${one?.severity}`, expected);
  }
});

describe('mail hosts beside each other', () => {
  const second = { address: '2001:503:ba3e::2:30', serverName: 'mx2.example.test' } as const;
  const first = { address: '198.41.0.4' } as const;
  type Base = Parameters<typeof observe>[0];
  const both = (one: Base, other: Base): Partial<Scene> => ({
    observations: [observe({ endpoint: first, ...one }), observe({ endpoint: second, ...other })],
  });
  const untrusted = {
    base: { tls: tlsSeen({ path: { kind: 'untrusted', code: 'SELF_SIGNED_CERT_IN_CHAIN' } }) },
  };

  it('a host without TLS beside one with it is what the path chooses', () => {
    const [weak] = only(found({ zone: good, ...both({}, { base: withoutStarttls() }) }), 'mx.backup-weaker');
    assert.equal(`${weak?.state} ${weak?.severity} ${weak?.scope.host}`, 'fail high mx2.example.test');
    assert.equal(
      states(good, 'mx.backup-weaker', both({ base: withoutStarttls() }, {})),
      'fail',
      'the first too',
    );
    assert.equal(states(good, 'mx.backup-weaker', both({}, {})), 'pass');
    assert.equal(
      states(good, 'mx.backup-weaker', both({ base: withoutStarttls() }, { base: withoutStarttls() })),
      'pass',
    );
  });

  it('a certificate that nobody vouches for beside one that is valid is weak, and no more', () => {
    const [weak] = only(found({ zone: good, ...both({}, untrusted) }), 'mx.backup-weaker');
    assert.equal(`${weak?.state} ${weak?.severity}`, 'warn low');
  });

  it('whom nobody could look at is not judged', () => {
    assert.equal(states(good, 'mx.backup-weaker', both({}, { base: notConnected() })), '');
    assert.equal(states(good, 'mx.backup-weaker', both({}, { base: sentAway('throttled') })), '');
  });

  it('a backup that takes no connection, and a first host that is dead by design', () => {
    assert.equal(states(good, 'mx.backup-unreachable', both({}, { base: notConnected('refused') })), 'warn');
    assert.equal(states(good, 'mx.backup-unreachable', both({}, {})), 'pass');
    assert.equal(
      states(good, 'mx.backup-unreachable', both({}, { base: notConnected('no-route') })),
      '',
      'our own network',
    );
    assert.equal(states(good, 'mx.nolisting', both({ base: notConnected('refused') }, {})), 'warn');
    assert.equal(states(good, 'mx.nolisting', both({}, {})), 'pass');
    assert.equal(
      states(good, 'mx.nolisting', both({ base: notConnected() }, { base: notConnected() })),
      '',
      'all are away',
    );
  });
});

describe('what a hostile zone can make us ask', () => {
  it('is bounded: many hosts, many names of each address', () => {
    const many = Array.from(
      { length: 100 },
      (_, index) => `${index} h${index}.sub.sub.sub.other${index}.test.`,
    );
    const zone: ScriptedZone = { ...good, [`${D} MX`]: many };
    let asked = 0;
    const change = (answer: Answer): Answer => {
      asked += 1;
      return answer;
    };
    found({ zone, change });
    assert.ok(asked < 200, String(asked));
  });
});

it('hosts and addresses that were named themselves have their names looked at, and nothing else', () => {
  const host = {
    kind: 'host',
    host: domain('mx1.example.test'),
    port: 25,
    protocol: 'smtp',
    tls: 'starttls',
  } as const;
  assert.deepEqual(
    found({ zone: good, target: host }).map(({ id, state }) => `${id} ${state}`),
    ['mx.ptr-missing pass', 'mx.fcrdns pass'],
  );
  const imap = { ...host, port: 143, protocol: 'imap' } as const;
  assert.deepEqual(found({ zone: good, target: imap }), []);
  const address = {
    kind: 'address',
    address: '198.41.0.4',
    port: 25,
    protocol: 'smtp',
    tls: 'starttls',
  } as const;
  assert.equal(statesOf(found({ zone: good, target: address }), 'mx.fcrdns'), 'pass');
});
