import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuthenticationResult } from '../../../../src/mail/authentication-results.ts';
import {
  type Actions,
  isVouchedFor,
  type Verdict,
  verdictOf,
} from '../../../../src/relay/authentication/verdict.ts';

const failing: AuthenticationResult = {
  spf: { result: 'fail', identity: 'mailfrom', value: 'a.test', domain: 'a.test', because: null },
  dkim: [],
  arc: { result: 'none', instance: 0, sealers: [], unknown: false, because: null },
  dmarc: { result: 'fail', from: 'example.test', policy: 'reject', because: null },
};
const noFindings = { unclearAuthor: false, partial: false };

/** The verdict in a word. */
function word(said: Verdict): string {
  if (said.kind === 'refused') return `${said.code} ${said.enhanced}`;
  return said.kind === 'set-apart' ? `set apart: ${said.because}` : 'taken';
}

function verdict(
  dmarc: Partial<AuthenticationResult['dmarc']>,
  action: Actions['dmarc'],
  {
    rest = {},
    findings = noFindings,
    spfHardFail = 'mark',
    sealers = [],
  }: {
    readonly rest?: Partial<AuthenticationResult>;
    readonly findings?: typeof noFindings;
    readonly spfHardFail?: Actions['spfHardFail'];
    readonly sealers?: readonly string[];
  } = {},
): string {
  const results = { ...failing, ...rest, dmarc: { ...failing.dmarc, ...dmarc } };
  return word(verdictOf(results, findings, { dmarc: action, spfHardFail }, sealers));
}

describe('what the policy of a domain does', () => {
  const table = [
    // policy, mark, quarantine, reject
    ['none', 'taken', 'taken', 'taken'],
    ['quarantine', 'taken', 'set apart: dmarc', 'set apart: dmarc'],
    ['reject', 'taken', 'set apart: dmarc', '550 5.7.26'],
    [null, 'taken', 'taken', 'taken'],
  ] as const;
  for (const [policy, ...expected] of table)
    it(`${policy ?? 'no policy'}: ${expected.join(', ')}`, () => {
      const got = (['mark', 'quarantine', 'reject'] as const).map((action) => verdict({ policy }, action));
      assert.deepEqual(got, expected);
    });

  it('mail that passes is taken, whatever else is wrong with it', () => {
    for (const result of ['pass', 'none'] as const) assert.equal(verdict({ result }, 'reject'), 'taken');
    assert.equal(verdict({ result: 'pass' }, 'reject', { spfHardFail: 'reject' }), 'taken');
  });

  it('RFC 9989 Appendix A.6: a record with a pct below 100 counts as the next milder policy', () => {
    const findings = { ...noFindings, partial: true };
    assert.equal(verdict({ policy: 'reject' }, 'reject', { findings }), 'set apart: dmarc');
    assert.equal(verdict({ policy: 'quarantine' }, 'reject', { findings }), 'taken');
    assert.equal(verdict({ policy: null }, 'reject', { findings }), 'taken');
  });
});

describe('what nobody knows is neither passed nor failed', () => {
  const unknown = { result: 'temperror' } as const;
  it('RFC 7208 §8.6: "reply code of 451 and, if supported, the 4.4.3 enhanced status code"', () => {
    assert.equal(verdict({ ...unknown, policy: 'reject' }, 'reject'), '451 4.4.3');
    assert.equal(verdict({ ...unknown, policy: null }, 'reject'), '451 4.4.3');
  });
  it('is set apart where the worst would be that, and goes on where nothing depends on it', () => {
    assert.equal(verdict({ ...unknown, policy: 'quarantine' }, 'reject'), 'set apart: dmarc-unknown');
    assert.equal(verdict({ ...unknown, policy: null }, 'quarantine'), 'set apart: dmarc-unknown');
    assert.equal(verdict({ ...unknown, policy: 'none' }, 'reject'), 'taken');
    assert.equal(verdict({ ...unknown, policy: 'reject' }, 'mark'), 'taken');
  });
});

it('RFC 5321 §4.5.3.1.5: a reply has at most 512 octets, whatever name the sender chose', () => {
  const name = `\u0001\r\n250 ok${'x'.repeat(2_000)}\u00e4.test`;
  const spf = { ...failing.spf, domain: name };
  for (const dmarc of [
    { ...failing.dmarc, from: name },
    { ...failing.dmarc, from: name, result: 'temperror' },
    { ...failing.dmarc, policy: 'none' },
  ] as const) {
    const actions = { dmarc: 'reject', spfHardFail: 'reject' } as const;
    const said = verdictOf({ ...failing, spf, dmarc }, noFindings, actions, []);
    assert.ok(said.kind === 'refused');
    assert.match(said.text, /^[\x20-\x7e]{1,400}$/);
  }
});

it('RFC 5322 §3.6.2: several authors cannot hide whose name is taken', () => {
  const findings = { ...noFindings, unclearAuthor: true };
  const dmarc = { result: 'permerror', from: null, policy: null } as const;
  const got = (['mark', 'quarantine', 'reject'] as const).map((action) =>
    verdict(dmarc, action, { findings }),
  );
  assert.deepEqual(got, ['taken', 'set apart: author', '550 5.6.0']);
});

it('RFC 7372 §3.2: SPF fail is 550 5.7.23 where the operator wants that, softfail never', () => {
  const spfHardFail = 'reject';
  const dmarc = { policy: 'none' } as const;
  assert.equal(verdict(dmarc, 'mark', { spfHardFail }), '550 5.7.23');
  assert.equal(verdict(dmarc, 'mark'), 'taken');
  for (const result of ['softfail', 'neutral', 'temperror', 'permerror'] as const) {
    const rest = { spf: { ...failing.spf, result } };
    assert.equal(verdict(dmarc, 'mark', { spfHardFail, rest }), 'taken', result);
  }
});

describe('sealers that the operator trusts (RFC 8617 §7.2)', () => {
  const said = 'list.test; dmarc=pass header.from=Example.test';
  const chain = (...sealers: readonly (readonly [string, string])[]): AuthenticationResult => ({
    ...failing,
    arc: {
      ...failing.arc,
      result: 'pass',
      instance: sealers.length,
      sealers: sealers.map(([domain, results]) => ({ domain, results })),
    },
  });
  const table: readonly (readonly [string, AuthenticationResult, boolean])[] = [
    ['the only one', chain(['list.test', said]), true],
    ['several, all trusted', chain(['b.test', 'b.test; dmarc=fail'], ['list.test', said]), true],
    ['somebody before them', chain(['list.test', said], ['evil.test', 'x; dmarc=fail']), true],
    ['somebody behind them', chain(['evil.test', said], ['list.test', said]), false],
    ['DMARC failed there, too', chain(['list.test', said.replace('pass', 'fail')]), false],
    ['it passed for another author', chain(['list.test', said.replace('Example', 'other')]), false],
    ['it only says so in a comment', chain(['list.test', `list.test; none (${said})`]), false],
    ['its results cannot be read', chain(['list.test', `list.test; "${said}`]), false],
    [
      'the chain is broken',
      { ...chain(['list.test', said]), arc: { ...failing.arc, result: 'fail' } },
      false,
    ],
  ];
  for (const [what, results, vouched] of table)
    it(`${what}: ${vouched ? 'counts' : 'does not count'}`, () => {
      assert.equal(isVouchedFor(results, ['list.test', 'b.test']), vouched);
    });

  it('keep mail from being refused; nobody else does', () => {
    const rest = { arc: chain(['list.test', said]).arc };
    assert.equal(verdict({}, 'reject', { rest, sealers: ['list.test'] }), 'taken');
    assert.equal(verdict({}, 'reject', { rest, sealers: ['other.test'] }), '550 5.7.26');
    assert.equal(verdict({}, 'reject', { rest }), '550 5.7.26');
  });

  it('a chain that may be theirs, but for a key that nobody knows, is for later', () => {
    const rest = { arc: { ...failing.arc, result: 'fail', unknown: true } as const };
    assert.equal(verdict({}, 'reject', { rest, sealers: ['list.test'] }), '451 4.4.3');
    assert.equal(verdict({}, 'reject', { rest }), '550 5.7.26');
  });
});
