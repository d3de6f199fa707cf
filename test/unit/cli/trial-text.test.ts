import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatPromoted,
  formatPromotions,
  formatProposals,
  formatReplayed,
  formatRolledBack,
} from '../../../src/cli/trial-text.ts';
import type { Proposal, Trial } from '../../../src/policies/report-only/propose.ts';
import type { ShownPromotion } from '../../../src/relay/policies-api.ts';
import { DOMAIN } from '../../support/destinations.ts';

const terms = { leastDays: 7, leastSessions: 20 };
const passed: Trial = {
  rule: 'encrypt',
  passed: 42,
  blocked: 0,
  unknown: 0,
  blockedOn: [],
  because: null,
  safe: true,
};
const blocked: Trial = {
  ...passed,
  rule: 'authenticate',
  passed: 0,
  blocked: 40,
  unknown: 2,
  blockedOn: ['2026-11-01', '2026-11-02', '2026-11-03', '2026-11-04'],
  because: 'the certificate\u001b[2J is not valid',
  safe: false,
};
const proposal: Proposal = {
  domain: DOMAIN,
  days: 14,
  sessions: 42,
  trials: [blocked, passed],
  level: 'encrypt',
};
const promotion: ShownPromotion = {
  domain: DOMAIN,
  level: 'encrypt',
  reason: 'seen',
  mostBlocked: 1,
  blocked: 0,
  endedBecause: null,
  state: 'in-force',
  setAt: '2026-11-28T12:00:00.000Z',
  until: '2026-12-12T12:00:00.000Z',
  endedAt: null,
};
const mail = { due: 2, underWay: 0, destination: DOMAIN };

describe('policy propose', () => {
  it('says what is safe, what is not and why, and how to do it', () => {
    const text = formatProposals([proposal], terms);
    assert.equal(
      text,
      `DOMAIN        SAFE LEVEL  DAYS  SESSIONS  WOULD HAVE BLOCKED
example.test  encrypt     14    42        authenticate 40, unknown 2 (the certificate [2J is not valid); encrypt 0

waxwing policy promote example.test --level encrypt --until 14d --reason "..." puts it in force, and takes it back by itself where it blocks mail.
`,
    );
  });

  it('says where there is nothing, and gives no command where nothing is safe', () => {
    assert.match(formatProposals([], terms), /^nothing is proposed: .* 7 days and 20 sessions/);
    assert.doesNotMatch(formatProposals([{ ...proposal, level: null }], terms), /promote/);
  });

  it('says what it takes, where too little was seen', () => {
    const what =
      /\nA level takes sessions on 7 days \(--days\), and 20 of them \(--sessions\), all of which have reached it\.\n/;
    assert.match(formatProposals([{ ...proposal, level: null, sessions: 19 }], terms), what);
    assert.match(formatProposals([{ ...proposal, level: null, days: 6 }], terms), what);
    assert.doesNotMatch(formatProposals([{ ...proposal, level: null }], terms), what);
    const none = { ...proposal, level: null, days: 0, sessions: 0, trials: [] };
    assert.match(formatProposals([none], terms), /^example\.test {2}- {11}0 {5}0 {9}no session was seen$/m);
  });
});

describe('policy replay', () => {
  it('is a line for each domain, and the sum', () => {
    const text = formatReplayed(
      [{ ...blocked, domain: 'example.test', days: 14, sessions: 42 }],
      'authenticate',
    );
    assert.match(
      text,
      /^example\.test {2}14 {4}0 {7}40 {7}2 {8}2026-11-02 2026-11-03 2026-11-04 and 1 more {2}the/m,
    );
    assert.match(text, /\nauthenticate: 0 sessions would have passed, 40 would not, of 2 nobody knows\n$/);
    const one = formatReplayed([{ ...passed, passed: 1, domain: 'a.test', days: 1, sessions: 1 }], 'encrypt');
    assert.match(one, /\nencrypt: 1 session would have passed, 0 would not, of 0 nobody knows\n$/);
  });

  it('says where no session is concerned', () => {
    assert.equal(formatReplayed([], 'sts'), 'no session was seen of which sts says anything\n');
  });
});

describe('promoted levels', () => {
  it('say their end and what ends them before', () => {
    assert.equal(
      formatPromoted({ promotion, mail }),
      `example.test: encrypt until 2026-12-12T12:00:00.000Z: seen
It is required beside what the domain asks for itself, and taken back by itself where it blocks more than 1 recipient.
2 recipients of mail that waits: due now
`,
    );
  });

  it('are listed with what became of them', () => {
    const ended = {
      ...promotion,
      state: 'rolled-back',
      endedAt: promotion.setAt,
      endedBecause: 'it has blocked 2',
    } as const;
    assert.equal(
      formatPromotions([promotion, { ...ended, blocked: 2 }]),
      `DOMAIN        LEVEL    STATE        UNTIL                     BLOCKED  REASON
example.test  encrypt  in-force     2026-12-12T12:00:00.000Z  0 of 1   seen
example.test  encrypt  rolled-back  2026-11-28T12:00:00.000Z  2 of 1   seen; taken back: it has blocked 2
`,
    );
    assert.equal(formatPromotions([]), 'no level was promoted\n');
  });

  it('are taken back', () => {
    assert.match(
      formatRolledBack({ promotion: { ...promotion, blocked: 1 }, mail }),
      /^example\.test: encrypt is taken back; it had blocked 1 recipient\n/,
    );
  });
});
