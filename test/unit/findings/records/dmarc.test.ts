import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { isDmarc, parseDmarc } from '../../../../src/findings/records/dmarc.ts';

describe('which records are DMARC', () => {
  it('RFC 9989 §4.8: dmarc-version is case-sensitive, with white space around "="', () => {
    for (const text of ['v=DMARC1', 'v=DMARC1;p=none', 'v = DMARC1 ; p=none', 'v=DMARC1; '])
      assert.ok(isDmarc(text), text);
    for (const text of [
      'v=dmarc1; p=none',
      'v=DMARC1x',
      'v=DMARC1 p=none',
      'p=none; v=DMARC1',
      ' v=DMARC1',
      'V=DMARC1',
    ])
      assert.ok(!isDmarc(text), text);
  });
});

describe('tags', () => {
  it('are read in any order behind the version', () => {
    const record = parseDmarc(
      'v=DMARC1; rua=mailto:a@example.test,https://r.example/x; t=y; sp=reject; p=quarantine; psd=n; adkim=s;',
    );
    assert.deepEqual(record.problems, []);
    assert.equal(record.policy, 'quarantine');
    assert.equal(record.subdomains, 'reject');
    assert.equal(record.testing, true);
    assert.equal(record.psd, 'n');
    assert.deepEqual(
      record.reportsTo.map(({ kind }) => kind),
      ['mailto', 'https'],
    );
  });

  it('"Unknown tags MUST be ignored" (RFC 9989 §4.7)', () => {
    assert.deepEqual(parseDmarc('v=DMARC1; p=none; ri=86400; rf=afrf; moo=x y').problems, []);
  });

  it('values that there are not, tags that are there twice and what is no tag are problems', () => {
    for (const [tags, problem] of [
      ['p=none; adkim=strict', /^adkim is "strict", and can be r, s$/],
      ['p=none; t=1', /^t is "1"/],
      ['p=none; p=reject', /^the tag p is there more than once$/],
      ['p=none; whatever', /^there is no tag=value at "whatever"$/],
      ['p=none;; t=y', /^there is no tag=value at an empty place$/],
      ['p=none; rua=a@example.test', /"mailto:" is missing/],
    ] as const)
      assert.match(parseDmarc(`v=DMARC1; ${tags}`).problems.join('\n'), problem);
  });
});

describe('the policy that holds', () => {
  const policy = (tags: string): string => parseDmarc(`v=DMARC1; ${tags}`).policy;

  it('"If this tag is not present in an otherwise syntactically valid DMARC Policy Record, then the record is treated as if it included "p=none"" (RFC 9989 §4.7)', () => {
    assert.equal(policy('rua=mailto:a@example.test'), 'none');
    assert.equal(policy(''), 'none');
  });

  it('RFC 9989 §4.10.1: without a valid "p", or with an invalid "sp" or "np", none where reports are asked for, else no DMARC at all', () => {
    assert.equal(policy('p=rejct'), 'ignored');
    assert.equal(policy('p=reject; sp=all'), 'ignored');
    assert.equal(policy('p=reject; np=x; rua=mailto:a@example.test'), 'none');
    assert.equal(policy('p=rejct; rua=nobody'), 'ignored', 'an address that is none asks for nothing');
    assert.equal(policy('p=Reject'), 'reject');
  });
});

it('any text gives a record, with few problems', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { problems } = parseDmarc(`v=DMARC1;${text}`);
      assert.ok(problems.length <= 50);
    }),
  );
});
