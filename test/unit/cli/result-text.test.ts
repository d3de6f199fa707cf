import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatTravel, resultLines } from '../../../src/cli/result-text.ts';
import type { PolicyFigures } from '../../../src/relay/control-results.ts';
import { typeAlone } from '../../../src/reports/tls-rpt/tally.ts';

const figures: PolicyFigures = {
  source: 'waxwing',
  record: null,
  policy: { type: 'sts', domain: 'far.test', strings: [], mxHosts: [] },
  successes: 3,
  failures: 2,
  details: [
    {
      ...typeAlone({ type: 'certificate-expired' }),
      receivingHost: 'mx.far.test',
      receivingAddress: '198.51.100.1',
      reason: 'over\u001b[2J since yesterday',
      sessions: 2,
    },
  ],
};

describe('results of sessions as text', () => {
  it('tell each policy with its failures, and who has counted', () => {
    const tlsa = { ...figures.policy, type: 'tlsa', domain: 'mx.far.test' } as const;
    const none = { ...figures.policy, type: 'no-policy-found' } as const;
    const lines = resultLines([
      {
        day: '2026-11-28',
        domain: 'far.test',
        policies: [
          figures,
          { ...figures, policy: tlsa, source: 'postfix', details: [] },
          {
            ...figures,
            policy: none,
            details: [{ ...typeAlone({ type: 'validation-failure' }), sessions: 1 }],
          },
        ],
      },
    ]);
    assert.deepEqual(lines, [
      'far.test: TLS sessions on 2026-11-28 (UTC)',
      '  MTA-STS of far.test: 3 good, 2 failed',
      '    2 × certificate-expired at mx.far.test (198.51.100.1): over [2J since yesterday',
      '  TLSA records of mx.far.test: 3 good, 2 failed, counted by postfix',
      '  without a policy: 3 good, 2 failed',
      '    1 × validation-failure',
    ]);
  });

  it('show ten kinds of failures, and how many more there are', () => {
    const details = Array.from({ length: 12 }, () => ({
      ...typeAlone({ type: 'tlsa-invalid' }),
      sessions: 1,
    }));
    const lines = resultLines([
      { day: '2026-11-28', domain: 'far.test', policies: [{ ...figures, details }] },
    ]);
    assert.equal(lines.length, 13);
    assert.equal(lines.at(-1), '    and 2 more kinds of failures');
  });
});

describe('how mail travelled as text', () => {
  it('is a line for each day and direction, with shares', () => {
    const count = { day: '2026-11-28', domain: '', authenticated: 2, encrypted: 1, cleartext: 0 };
    const counts = [
      { ...count, direction: 'in' as const },
      { ...count, direction: 'out' as const, cleartext: 1 },
    ];
    assert.equal(
      formatTravel({ since: '2026-11-22', domain: null, counts }),
      [
        'DAY              AUTHENTICATED  ENCRYPTED   IN CLEAR    RECIPIENTS',
        '2026-11-28  in   2 (66.7 %)     1 (33.3 %)  0 (0.0 %)   3',
        '2026-11-28  out  2 (50.0 %)     1 (25.0 %)  1 (25.0 %)  4',
        '',
      ].join('\n'),
    );
  });

  it('says where there is nothing', () => {
    const nothing = { since: '2026-11-22', domain: 'far.test', counts: [] };
    assert.equal(formatTravel(nothing), 'no mail of far.test has travelled since 2026-11-22\n');
  });
});
