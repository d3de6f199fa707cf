import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  limitsOf,
  maskedStartTls,
  noOffers,
  offersOf,
  sizeLimit,
} from '../../../../src/protocols/smtp/offers.ts';

const offers = (...lines: string[]): ReturnType<typeof offersOf> =>
  offersOf({ code: 250, enhanced: null, lines: ['mx.example.test', ...lines] });

describe('offersOf, RFC 5321 §4.1.1.1', () => {
  const cases: [why: string, lines: string[], expected: [string, string[]][]][] = [
    [
      'keywords in any case',
      ['StartTLS', 'size 10'],
      [
        ['STARTTLS', []],
        ['SIZE', ['10']],
      ],
    ],
    ['parameters', ['AUTH PLAIN  LOGIN '], [['AUTH', ['PLAIN', 'LOGIN']]]],
    ['the first of two', ['SIZE 1', 'SIZE 2'], [['SIZE', ['1']]]],
    ['no line that is not a keyword', ['AUTH=LOGIN', '', ' ', '-x', 'STARTTLS\t', '\xe9'], []],
  ];
  for (const [why, lines, expected] of cases) {
    it(`reads ${why}`, () => assert.deepEqual([...offers(...lines)], expected));
  }

  it("takes the first line for the server's name, whatever it says", () => {
    assert.equal(offersOf({ code: 250, enhanced: null, lines: ['STARTTLS'] }).size, 0);
    assert.equal(noOffers.size, 0);
  });
});

describe('sizeLimit, RFC 1870 §4', () => {
  const cases: [line: string, limit: number | undefined][] = [
    ['SIZE 1000', 1000],
    ['SIZE', undefined],
    ['SIZE 0', undefined],
    ['SIZE 00', undefined],
    ['SIZE many', undefined],
    ['SIZE -1', undefined],
    ['SIZE 1e3', undefined],
    [`SIZE ${'9'.repeat(20)}`, 1e20],
    [`SIZE ${'9'.repeat(21)}`, undefined],
    ['HELP', undefined],
  ];
  for (const [line, limit] of cases)
    it(`${line}: ${limit ?? 'none'}`, () => assert.equal(sizeLimit(offers(line)), limit));
});

describe('maskedStartTls', () => {
  it('finds what Cisco PIX and ASA write over STARTTLS, and nothing else', () => {
    assert.equal(maskedStartTls(offers('PIPELINING', 'XXXXXXXA')), 'XXXXXXXA');
    assert.equal(maskedStartTls(offers('xxxx')), 'XXXX');
    assert.equal(maskedStartTls(offers('XEXCH50', 'X-LINK2STATE', 'XXX', 'XCLIENT NAME')), undefined);
  });
});

describe('limitsOf, RFC 9422', () => {
  const cases: [line: string, mail?: number | undefined, rcpt?: number, domains?: number][] = [
    ['LIMITS MAILMAX=10 RCPTMAX=20 RCPTDOMAINMAX=1', 10, 20, 1],
    ['limits rcptmax=20 OTHER=5', undefined, 20],
    ['LIMITS'],
    ['SIZE 1'],
    ['LIMITS RCPTMAX=0 MAILMAX=01 RCPTDOMAINMAX=1000000'],
    ['LIMITS RCPTMAX=999999 MAILMAX=-1 RCPTDOMAINMAX=', undefined, 999_999],
    ['LIMITS RCPTMAX MAILMAX=x RCPTDOMAINMAX=1;2'],
    ['LIMITS RCPTMAX=5 RCPTMAX=7', undefined, 5],
  ];
  for (const [line, mailMax, rcptMax, rcptDomainMax] of cases) {
    it(line, () => assert.deepEqual(limitsOf(offers(line)), { mailMax, rcptMax, rcptDomainMax }));
  }
});
