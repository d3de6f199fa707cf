import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VisitEnd } from '../../../../src/findings/observation.ts';
import { connFindings } from '../../../../src/findings/rules/conn.ts';
import { nameOf } from '../../../support/destinations.ts';
import {
  ADDRESS6,
  answerOf,
  caseOf,
  endedAt,
  HOST,
  handshakeFailed,
  hostCase,
  hostTarget,
  notConnected,
  now,
  observe,
  only,
  sentAway,
  statesOf,
} from '../../../support/observations.ts';

const six = { address: ADDRESS6 };
const loopback = { address: '127.0.0.9' };
/** Another host, which was reached at the same port. */
const reached = hostCase([observe({ endpoint: { address: '192.0.2.77' } })], { name: 'mx2.example.test' });
const found = (...seen: Parameters<typeof observe>[0][]): ReturnType<typeof connFindings> =>
  connFindings(caseOf([hostCase(seen.map((one) => observe(one)))]));

describe('a connection that does not come about', () => {
  it('nothing is said against a server that takes it', () => {
    const findings = found({});
    assert.equal(statesOf(findings, 'conn.refused'), 'pass');
    assert.deepEqual(
      findings.filter(({ state }) => state !== 'pass').map(({ id }) => id),
      ['conn.no-ipv6'],
    );
  });

  for (const [how, id] of [
    ['refused', 'conn.refused'],
    ['reset', 'conn.reset'],
  ] as const) {
    it(`${how}: somebody there has said no`, () => {
      const [finding] = only(found({ base: notConnected(how) }), id);
      assert.equal(finding?.state, 'fail');
      assert.equal(finding.severity, 'high');
      assert.deepEqual(finding.scope, { host: HOST, address: '192.0.2.1', port: 25 });
    });
  }

  for (const [how, id] of [
    ['timeout', 'conn.timeout'],
    ['unreachable', 'conn.unreachable'],
  ] as const) {
    it(`${how} may be this network, and is no failure, unless another server was reached at that port`, () => {
      const silent = hostCase([observe({ base: notConnected(how) })]);
      const [alone] = only(connFindings(caseOf([silent])), id);
      assert.equal(alone?.state, 'not-tested');
      assert.ok((alone.retryAt ?? 0) > now);
      assert.equal(statesOf(connFindings(caseOf([silent, reached])), id), 'fail');
    });

    it(`${how} at a loopback address is the server`, () => {
      assert.equal(statesOf(found({ endpoint: loopback, base: notConnected(how) }), id), 'fail');
    });
  }

  it('no route: that is this host, and info where the other family was tested', () => {
    const [beside] = only(
      found({}, { endpoint: six, base: notConnected('no-route') }),
      'conn.ipv6-unreachable',
    );
    assert.equal(beside?.state, 'not-tested');
    assert.equal(beside.severity, 'info');
    assert.equal(beside.fix[0]?.who, 'tester');
  });

  it('no route, and nothing else to try: not tested at all, which is not info', () => {
    const [alone] = only(found({ endpoint: six, base: notConnected('no-route') }), 'conn.ipv6-unreachable');
    assert.equal(alone?.state, 'not-tested');
    assert.equal(alone.severity, 'high');
    const [four] = only(found({ base: notConnected('no-route') }), 'conn.unreachable');
    assert.equal(four?.state, 'not-tested');
  });

  it('other: whatever it was, it is not told as a failure of the server', () => {
    assert.equal(statesOf(found({ base: notConnected('other') }), 'conn.unreachable'), 'not-tested');
  });

  it('the port beside is no concern of these checks', () => {
    const beside = observe({
      endpoint: { protocol: 'imap', tls: 'implicit' },
      base: notConnected('refused'),
    });
    const findings = connFindings(hostTarget([observe({ endpoint: { protocol: 'imap' } }), beside]));
    assert.equal(statesOf(findings, 'conn.refused'), 'pass');
  });
});

describe('IPv6 that is published and does not work', () => {
  it('a refusal is one of that address', () => {
    const [finding] = only(
      found({}, { endpoint: six, base: notConnected('refused') }),
      'conn.ipv6-unreachable',
    );
    assert.equal(finding?.state, 'fail');
    assert.equal(finding.severity, 'medium');
  });

  it('a timeout is theirs only where somebody else was reached by IPv6', () => {
    const broken = hostCase([observe(), observe({ endpoint: six, base: notConnected('timeout') })]);
    assert.equal(statesOf(connFindings(caseOf([broken])), 'conn.ipv6-unreachable'), 'not-tested');
    const other = hostCase([observe({ endpoint: { address: '2001:db8::7' } })], { name: 'mx2.example.test' });
    assert.equal(statesOf(connFindings(caseOf([broken, other])), 'conn.ipv6-unreachable'), 'fail');
  });

  it('an address that works has no such finding', () => {
    assert.equal(statesOf(found({}, { endpoint: six }), 'conn.ipv6-unreachable'), '');
  });
});

describe('families of addresses', () => {
  const withAddresses = (...addresses: string[]): ReturnType<typeof connFindings> => {
    const facts = {
      ...hostCase().facts,
      kind: 'found',
      host: nameOf(HOST),
      status: 'secure',
      addresses,
    } as const;
    const tlsa = { kind: 'absent', because: 'of the test', evidence: [] } as const;
    return connFindings(caseOf([hostCase([observe()], { facts: { ...facts, tlsa } })]));
  };

  it('both are there', () => {
    const findings = withAddresses('192.0.2.1', ADDRESS6);
    assert.equal(statesOf(findings, 'conn.no-ipv4'), 'pass');
    assert.equal(statesOf(findings, 'conn.no-ipv6'), 'pass');
  });

  it('without IPv4 many cannot deliver; without IPv6 hardly anybody', () => {
    const [four] = only(withAddresses(ADDRESS6), 'conn.no-ipv4');
    assert.deepEqual([four?.state, four?.severity], ['absent', 'medium']);
    const [none] = only(withAddresses('192.0.2.1'), 'conn.no-ipv6');
    assert.deepEqual([none?.state, none?.severity], ['absent', 'info']);
    assert.match(none?.fix[0]?.lines?.[0]?.text ?? '', /^mx1\.example\.test\. IN AAAA /);
  });

  it('addresses that are not known, or a host named by its address, have none of this', () => {
    const unknown = { kind: 'unknown', host: nameOf(HOST), status: 'bogus', because: 'of the test' } as const;
    assert.equal(statesOf(connFindings(caseOf([hostCase([], { facts: unknown })])), 'conn.no-ipv6'), '');
    const bare = caseOf([hostCase([observe()], { facts: null, name: '192.0.2.1' })], { facts: null });
    assert.equal(statesOf(connFindings(bare), 'conn.no-ipv6'), '');
  });
});

describe('a server that does not let us look is not tested, and nothing is said against it', () => {
  const ways: [id: string, base: NonNullable<Parameters<typeof observe>[0]>['base']][] = [
    ['conn.ratelimited', sentAway('throttled')],
    ['conn.blocked', sentAway('blocked', answerOf(554, '5.7.1 go away'))],
    ['conn.blocked', sentAway('refused', answerOf(521, 'no mail here'))],
    ['conn.closed', endedAt({ kind: 'closed', at: 'greeting' })],
    ['conn.timeout', endedAt({ kind: 'timeout', at: 'greeting', ms: 120_000 })],
    [
      'conn.tarpit',
      {
        ...endedAt({ kind: 'timeout', at: 'hello', ms: 120_000 }),
        greeting: { ms: 9, lines: ['x'], code: 220 },
      },
    ],
    [
      'conn.protocol',
      endedAt({ kind: 'broken', at: 'greeting', because: 'SSH-2.0-OpenSSH_9.2p1 is no reply' }),
    ],
  ];
  for (const [id, base] of ways) {
    it(`${id}: ${base?.end?.kind} at the ${base?.end && 'at' in base.end ? base.end.at : 'end'}`, () => {
      const findings = found(base === undefined ? {} : { base });
      const [finding, ...others] = findings.filter(({ state }) => state === 'not-tested');
      assert.equal(finding?.id, id);
      assert.equal(finding.severity, 'high');
      assert.deepEqual(others, []);
      assert.ok(
        !findings.some(
          ({ state, id: other }) => state === 'fail' || (state === 'absent' && other !== 'conn.no-ipv6'),
        ),
      );
    });
  }

  it('too many: another try a quarter of an hour later; blocked: an hour', () => {
    assert.equal(
      only(found({ base: sentAway('throttled') }), 'conn.ratelimited')[0]?.retryAt,
      now + 15 * 60_000,
    );
    assert.equal(only(found({ base: sentAway('blocked') }), 'conn.blocked')[0]?.retryAt, now + 60 * 60_000);
  });

  it('what the server said is the evidence', () => {
    const [finding] = only(found({ base: sentAway('throttled') }), 'conn.ratelimited');
    assert.match(finding?.evidence.join('\n') ?? '', /421 4\.7\.0 too many connections/);
  });

  it('421 to STARTTLS is a limit, too', () => {
    const answer = answerOf(421, '4.7.0 too many sessions');
    const base = { ...handshakeFailed(), upgrade: { kind: 'refused', answer } } as const;
    assert.equal(statesOf(found({ base }), 'conn.ratelimited'), 'not-tested');
  });

  it('a handshake that hangs is not tested, whatever is known before it', () => {
    for (const end of [
      { kind: 'timeout', at: 'handshake', ms: 30_000 },
      { kind: 'closed', at: 'starttls' },
      { kind: 'broken', at: 'starttls', because: 'no reply' },
    ] as const) {
      const base = { ...handshakeFailed(), upgrade: { kind: 'not-reached' }, end } as const;
      const untested = found({ base }).filter(({ state }) => state === 'not-tested');
      assert.deepEqual(
        untested.map(({ severity }) => severity),
        ['high'],
        end.kind,
      );
    }
  });

  it('an end after TLS was seen leaves nothing to say here, a limit does', () => {
    const later: [VisitEnd, string][] = [
      [{ kind: 'closed', at: 'inside' }, ''],
      [{ kind: 'throttled', at: 'inside', answer: answerOf(421, 'later') }, 'not-tested'],
    ];
    for (const [end, states] of later)
      assert.equal(statesOf(found({ base: { end } }), 'conn.ratelimited'), states);
  });
});

describe('a server of XMPP that was named by its address', () => {
  const said = sentAway('refused', answerOf(null, 'ended the stream: improper-addressing'), 'hello');
  const seen = observe({ endpoint: { protocol: 'xmpp', port: 5222, serverName: null }, base: said });

  it('RFC 6120 §4.7.2: it has to be told which domain is meant, and the repair is to name one', () => {
    const host = hostCase([seen], { name: '192.0.2.1', facts: null });
    const target = {
      kind: 'address',
      address: '192.0.2.1',
      port: 5222,
      protocol: 'xmpp',
      tls: 'starttls',
    } as const;
    const [one] = only(connFindings(caseOf([host], { target, facts: null })), 'conn.blocked');
    assert.equal(one?.state, 'not-tested');
    assert.match(one.why, /an address names none/);
    assert.equal(one.fix[0]?.who, 'tester');
    assert.equal(one.fix[0].verify, 'waxwing check NAME:5222 --protocol xmpp');
  });

  it('of one that was named it is told as of any other', () => {
    const [one] = only(connFindings(hostTarget([seen])), 'conn.blocked');
    assert.doesNotMatch(one?.why ?? '', /an address names none/);
  });
});

describe('doors that were left alone', () => {
  for (const [kind, id, severity, retryAt] of [
    ['private', 'conn.skipped', 'high', null],
    ['opted-out', 'conn.skipped', 'high', null],
    ['too-many', 'conn.skipped', 'low', null],
    // As the server was visited under many other names: of this target perhaps no door was.
    ['too-many', 'conn.skipped', 'high', now + 1],
    ['throttled', 'conn.ratelimited', 'high', now + 1],
  ] as const) {
    it(`${kind}${retryAt === null ? '' : ' for now'}: not tested`, () => {
      const skipped = { address: '10.0.0.1', port: 25, kind, because: 'of the test', retryAt };
      const [finding] = only(connFindings(caseOf([hostCase([], { skipped: [skipped] })])), id);
      assert.deepEqual([finding?.state, finding?.severity], ['not-tested', severity]);
      assert.equal(finding?.retryAt, retryAt);
      assert.deepEqual(finding?.scope, { host: HOST, address: '10.0.0.1', port: 25 });
    });
  }
});

describe('time', () => {
  it('a connection that takes more than a second is told of, as info', () => {
    assert.equal(
      statesOf(found({ base: { connect: { kind: 'connected', ms: 1000 } } }), 'conn.slow'),
      'pass',
    );
    const [slow] = only(found({ base: { connect: { kind: 'connected', ms: 1001 } } }), 'conn.slow');
    assert.deepEqual([slow?.state, slow?.severity], ['warn', 'info']);
  });
});
