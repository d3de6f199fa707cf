import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatKept,
  formatOverridden,
  formatPolicies,
  formatPurged,
  formatRefreshed,
  formatRememberedTls,
  formatRemoved,
} from '../../../src/cli/policy-text.ts';
import type {
  KeptOverride,
  KeptPolicy,
  KeptTrack,
  ShownPromotion,
  Woken,
} from '../../../src/relay/policies-api.ts';
import { nameOf } from '../../support/destinations.ts';

const NOW = Date.UTC(2026, 10, 28, 12);

const kept: KeptPolicy = {
  domain: 'a.test',
  inForce: true,
  policy: {
    id: 'a1',
    mode: 'enforce',
    mx: ['mx1.a.test', 'mx2.a.test', 'mx3.a.test', '*.b.test'],
    maxAgeSeconds: 604_800,
    lines: ['version: STSv1', 'mode: enforce', 'mx: mx1.a.test'],
    warnings: ['the mx "mx1.a.test." ends with a dot'],
    fetchedAt: '2026-11-28T09:00:00.000Z',
    expiresAt: '2026-12-05T09:00:00.000Z',
  },
  failures: null,
  attemptedAt: '2026-11-28T09:00:00.000Z',
  refreshAt: '2026-11-29T06:00:00.000Z',
  usedAt: '2026-11-28T09:00:00.000Z',
};

const never: KeptPolicy = {
  ...kept,
  domain: 'never.test',
  inForce: false,
  policy: null,
  failures: {
    id: 'b2',
    type: 'sts-webpki-invalid',
    because: 'its certificate is for\x1b[2J another name',
    count: 2,
    since: '2026-11-28T11:00:00.000Z',
    retryAt: '2026-11-28T12:05:00.000Z',
  },
  refreshAt: null,
};

const over: KeptPolicy = { ...kept, domain: 'over.test', inForce: false, refreshAt: null };

const override: KeptOverride = {
  domain: 'a.test',
  inForce: true,
  level: 'may',
  until: '2026-11-30T12:00:00.000Z',
  reason: 'told by phone',
  setAt: '2026-11-28T12:00:00.000Z',
};

const mail: Woken = { due: 1, underWay: 0, destination: 'a.test' };

describe('policy list', () => {
  it('is a line for each domain, then one for each override', () => {
    const ended = { ...override, domain: 'b.test', inForce: false, until: null };
    const text = formatPolicies([kept, never, over], [override, ended], NOW);
    assert.deepEqual(
      text.split('\n').map((line) => line.split(/ {2,}/)),
      [
        ['DOMAIN', 'MODE', 'FETCHED', 'ENDS', 'NEXT FETCH', 'MX'],
        ['a.test', 'enforce', '3h ago', 'in 6d', 'in 18h', 'mx1.a.test, mx2.a.test, mx3.a.test and 1 more'],
        [
          'never.test',
          'unknown',
          '-',
          '-',
          'in 5m',
          '-; failed 2 times: its certificate is for [2J another name',
        ],
        [
          'over.test',
          'enforce, over',
          '3h ago',
          'in 6d',
          '-',
          'mx1.a.test, mx2.a.test, mx3.a.test and 1 more',
        ],
        [''],
        ['OVERRIDE FOR', 'LEVEL', 'UNTIL', 'REASON'],
        ['a.test', 'may', '2026-11-30T12:00:00.000Z', 'told by phone'],
        ['b.test', 'may, over', 'forever', 'told by phone'],
        [''],
      ],
    );
  });

  it('says where there is nothing', () => {
    assert.equal(formatPolicies([], [], NOW), 'no MTA-STS policies are kept\n\nthere are no overrides\n');
  });
});

describe('policy show', () => {
  it('is the policy with its lines and its times, and the override', () => {
    assert.equal(
      formatKept(
        {
          domain: 'a.test',
          sts: kept,
          override,
          promotion: null,
          listed: null,
          outbound: [],
          inbound: [],
          results: [],
        },
        NOW,
      ),
      `a.test: override may until 2026-11-30T12:00:00.000Z: told by phone
  set at 2026-11-28T12:00:00.000Z
a.test: MTA-STS enforce, id a1, in force
  fetched at 2026-11-28T09:00:00.000Z (3h ago)
  holds until 2026-12-05T09:00:00.000Z (max_age 604800 s)
    version: STSv1
    mode: enforce
    mx: mx1.a.test
  blemish: the mx "mx1.a.test." ends with a dot
  last fetch begun at 2026-11-28T09:00:00.000Z, renewed at 2026-11-29T06:00:00.000Z
  mail last asked at 2026-11-28T09:00:00.000Z, to a day
`,
    );
  });

  it('is what has failed since when, where nothing could be fetched', () => {
    assert.equal(
      formatKept(
        {
          domain: 'never.test',
          sts: never,
          override: null,
          promotion: null,
          listed: null,
          outbound: [],
          inbound: [],
          results: [],
        },
        NOW,
      ),
      `never.test: no MTA-STS policy could be fetched so far
  failed 2 times since 2026-11-28T11:00:00.000Z for the id b2 (sts-webpki-invalid): its certificate is for [2J another name
  tried again from 2026-11-28T12:05:00.000Z on
  last fetch begun at 2026-11-28T09:00:00.000Z, not renewed by itself
  mail last asked at 2026-11-28T09:00:00.000Z, to a day
`,
    );
  });

  it('says that there is only an override', () => {
    const text = formatKept(
      {
        domain: 'a.test',
        sts: null,
        override: { ...override, inForce: false },
        promotion: null,
        listed: null,
        outbound: [],
        inbound: [],
        results: [],
      },
      NOW,
    );
    assert.match(text, /^a\.test: over: override may until/);
    assert.match(text, /^a\.test: no MTA-STS policy is kept$/m);
  });

  it('says what was promoted, and that it was taken back', () => {
    const promotion = {
      domain: nameOf('a.test'),
      level: 'encrypt',
      state: 'in-force',
      reason: 'a fortnight was seen',
      mostBlocked: 2,
      blocked: 3,
      setAt: '2026-11-28T12:00:00.000Z',
      until: '2026-12-12T12:00:00.000Z',
      endedAt: null,
      endedBecause: null,
    } as const;
    const shown = (change: Partial<ShownPromotion>): string => {
      const none = { sts: null, override: null, listed: null, outbound: [], inbound: [], results: [] };
      return formatKept({ domain: 'a.test', ...none, promotion: { ...promotion, ...change } }, NOW);
    };
    assert.equal(
      shown({}),
      `a.test: promoted to encrypt until 2026-12-12T12:00:00.000Z: a fortnight was seen
  set at 2026-11-28T12:00:00.000Z; it has blocked 3 recipients, and 2 may be blocked
a.test: no MTA-STS policy is kept
`,
    );
    const ended = { endedAt: '2026-11-29T12:00:00.000Z', endedBecause: 'it has blocked 3' };
    assert.match(
      shown({ state: 'rolled-back', blocked: 1, ...ended }),
      /^a\.test: over: promoted .*\n.* 1 recipient, .*\n {2}taken back at 2026-11-29T12:00:00\.000Z: it has blocked 3\n/,
    );
  });
});

describe('policy refresh', () => {
  const refreshed = { domain: 'a.test', because: 'it was fetched', evidence: ['seen'], mail };

  it('is why, what was seen, what came, and mail that is tried', () => {
    const text = formatRefreshed({ ...refreshed, outcome: 'policy', sts: kept }, NOW);
    assert.match(text, /^a\.test: it was fetched\n {2}seen\na\.test: MTA-STS enforce, id a1, in force\n/);
    assert.match(text, /\n1 recipient of mail that waits: due now\n$/);
  });

  it('shows no policy where there is none', () => {
    for (const [outcome, sts] of [
      ['none', kept],
      ['failed', never],
      ['failed', null],
    ] as const) {
      assert.equal(
        formatRefreshed({ ...refreshed, outcome, sts }, NOW),
        'a.test: it was fetched\n  seen\n1 recipient of mail that waits: due now\n',
      );
    }
  });
});

describe('policy purge', () => {
  it('says that it protects nothing any more', () => {
    const text = formatPurged({
      domain: 'a.test',
      purged: kept,
      inbound: 0,
      outbound: false,
      mail: { ...mail, due: 2, underWay: 3 },
    });
    assert.match(text, /^a\.test: the MTA-STS policy \(enforce, id a1\) is forgotten\.\n/);
    assert.match(text, /Nothing of it protects mail any more until it is fetched again/);
    assert.match(text, /\n2 recipients of mail that waits: due now; for 3 more an attempt is under way\n$/);
    assert.match(
      formatPurged({ domain: 'never.test', purged: never, inbound: 0, outbound: false, mail }),
      /^never\.test: what was kept is forgotten\.\n/,
    );
  });
});

describe('servers that send mail of a domain', () => {
  const known = {
    client: '192.0.2.1',
    expected: true,
    since: '2026-11-01T12:00:00.000Z',
    sessions: 12,
    lastAt: '2026-11-28T11:00:00.000Z',
    clear: 0,
    clearAt: null,
  };
  const young = {
    ...known,
    client: '2001:db8:0:0',
    expected: false,
    sessions: 1,
    clear: 2,
    clearAt: known.lastAt,
  };

  it('are listed with what is expected of them', () => {
    assert.equal(
      formatKept(
        {
          domain: 'a.test',
          sts: null,
          override: null,
          promotion: null,
          listed: null,
          outbound: [],
          inbound: [known, young],
          results: [],
        },
        NOW,
      ),
      `a.test: no MTA-STS policy is kept
a.test: servers that send its mail here over TLS
  192.0.2.1: always since 2026-11-01, noted 12 times, last 60m ago
  2001:db8:0:0: not for long enough to expect it: since 2026-11-01, noted once, last 60m ago; 2 times in clear, last 60m ago
`,
    );
  });

  it('are forgotten with the policy, or without one', () => {
    assert.equal(
      formatPurged({ domain: 'a.test', purged: null, inbound: 2, outbound: false, mail }),
      `a.test: what is remembered of 2 servers that send its mail is forgotten.
1 recipient of mail that waits: due now
`,
    );
  });
});

describe('what mail hosts have reached', () => {
  const track: KeptTrack = {
    host: 'mx1.a.test',
    level: 'authenticate',
    state: 'expected',
    since: '2026-11-01T12:00:00.000Z',
    sessions: 12,
    lastAt: '2026-11-26T12:00:00.000Z',
    proof: 'name',
    spkiSha256: null,
    against: {
      since: '2026-11-27T12:00:00.000Z',
      lastAt: '2026-11-28T11:00:00.000Z',
      sessions: 5,
      days: 2,
    },
    days: [
      { day: '2026-11-26', reached: 3, missed: 0 },
      { day: '2026-11-27', reached: 0, missed: 5 },
    ],
  };
  const young: KeptTrack = {
    ...track,
    host: null,
    level: 'encrypt',
    state: 'young',
    sessions: 1,
    against: null,
    days: [],
  };

  it('is shown with what is expected of them, and what falls short of it', () => {
    const all = {
      domain: 'a.test',
      sts: null,
      override: null,
      promotion: null,
      listed: null,
      outbound: [young, track],
      inbound: [],
      results: [],
    };
    assert.equal(
      formatKept(all, NOW),
      `a.test: no MTA-STS policy is kept
a.test: what each session with its mail hosts has reached
  all hosts: over TLS since 2026-11-01, once, last 2d ago; not for long enough to expect it
  mx1.a.test: authenticated since 2026-11-01, 12 times, last 2d ago; expected
    not so 5 times since then, on 2 days, first 24h ago, last 60m ago
    by day: 11-26 3/3, 11-27 0/5
`,
    );
  });

  it('is forgotten with the rest', () => {
    assert.equal(
      formatPurged({ domain: 'a.test', purged: null, inbound: 0, outbound: true, mail }),
      `a.test: what sessions with its mail hosts have reached is forgotten; nothing is expected of it.
1 recipient of mail that waits: due now
`,
    );
  });
});

describe('policy override', () => {
  it('says what it stands over, and where to see what follows', () => {
    const text = formatOverridden({ override, mail });
    assert.match(text, /^a\.test: override may until 2026-11-30T12:00:00\.000Z: told by phone\n/);
    assert.match(text, /more than this is not required, whatever the domain asks for\.\n/);
    assert.match(text, /\nWhat follows from it: waxwing explain a\.test\n$/);
    const strict = formatOverridden({ override: { ...override, level: 'authenticate', until: null }, mail });
    assert.match(strict, /override authenticate until it is taken back/);
    assert.doesNotMatch(strict, /not required/);
  });

  it('says where it does not reach the mail', () => {
    const text = formatOverridden({ override, mail: { ...mail, destination: 'smtp://next.test:25' } });
    assert.match(text, /\nMail for a\.test goes to smtp:\/\/next\.test:25 by a rule, and that host is what/);
    assert.doesNotMatch(formatOverridden({ override, mail }), /by a rule/);
  });

  it('says that it is taken back', () => {
    assert.equal(
      formatRemoved({ override, mail }),
      'the override for a.test (may) is taken back\n1 recipient of mail that waits: due now\n',
    );
  });
});

describe('what is remembered of TLS at hosts', () => {
  it('is a line for each, with what it means and until when', () => {
    const broken = {
      kind: 'broken',
      host: 'mx.a.test',
      address: '2001:db8::1',
      port: 25,
      failures: 7,
      since: '2026-01-01T00:00:00.000Z',
      until: '2026-01-01T00:20:00.000Z',
      because: 'the peer closed\u001b[2J the connection',
    } as const;
    const text = formatRememberedTls([broken, { ...broken, kind: 'small-hello', host: 'mx.b.test' }]);
    const [head, first, second] = text.split('\n');
    assert.match(head ?? '', /^HOST +ADDRESS +WHAT +SINCE +UNTIL +FAILURES +BECAUSE$/);
    assert.match(first ?? '', /^mx\.a\.test +\[2001:db8::1\]:25 +broken: in clear, where that may be +2026/);
    assert.match(second ?? '', /^mx\.b\.test .* small ClientHello /);
    assert.ok(!text.includes('\u001b'), 'what a peer said cannot move the cursor');
    assert.match(formatRememberedTls([]), /^nothing is remembered/);
  });
});
