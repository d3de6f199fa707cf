import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Domain, parseDomain } from '../../../../src/names/domain.ts';
import { matchesMx, matchingPattern } from '../../../../src/policies/mta-sts/match.ts';
import { formatPattern, parsePolicy, type StsPolicy } from '../../../../src/policies/mta-sts/policy.ts';

const domain = (text: string): Domain => {
  const parsed = parseDomain(text);
  assert.ok(parsed.kind === 'ok');
  return parsed.value;
};

function policyWith(...mx: readonly string[]): StsPolicy {
  const lines = ['version: STSv1', 'mode: enforce', 'max_age: 1', ...mx.map((value) => `mx: ${value}`)];
  const parsed = parsePolicy(Buffer.from(lines.join('\n')));
  assert.ok(parsed.kind === 'ok', JSON.stringify(parsed));
  return parsed.policy;
}

const matches = (pattern: string, host: string): boolean =>
  matchingPattern(policyWith(pattern), domain(host)) !== undefined;

describe('S14: a wildcard', () => {
  it('"matches "mail.example.com" but not "example.com" or "foo.bar.example.com""', () => {
    assert.equal(matches('*.example.com', 'mail.example.com'), true);
    assert.equal(matches('*.example.com', 'example.com'), false);
    assert.equal(matches('*.example.com', 'foo.bar.example.com'), false);
  });

  it('stands for a whole label, not for the end of one', () => {
    assert.equal(matches('*.example.com', 'mailexample.com'), false);
    assert.equal(matches('*.example.com', 'mail.notexample.com'), false);
  });

  it('of a single label does not match that label', () => {
    assert.equal(matches('*.com', 'com'), false);
    assert.equal(matches('*.com', 'example.com'), true);
  });
});

describe('S14: names', () => {
  const same: [pattern: string, host: string][] = [
    ['mail.example.com', 'MAIL.EXAMPLE.COM'],
    ['Mail.Example.Com', 'mail.example.com'],
    ['mail.example.com', 'mail.example.com.'],
    ['mail.example.com.', 'mail.example.com'],
    ['*.Example.Com.', 'mail.example.com.'],
    ['xn--bcher-kva.example', 'bücher.example'],
  ];
  for (const [pattern, host] of same)
    it(`${pattern} matches ${host}`, () => assert.ok(matches(pattern, host)));

  const different: [pattern: string, host: string][] = [
    ['mail.example.com', 'mail.example.org'],
    ['mail.example.com', 'a.mail.example.com'],
    ['mail.example.com', 'example.com'],
    ['com', 'example.com'],
  ];
  for (const [pattern, host] of different)
    it(`${pattern} does not match ${host}`, () => assert.ok(!matches(pattern, host)));
});

describe('the first pattern that matches', () => {
  it('is given, for the evidence', () => {
    const policy = policyWith('a.test', '*.test', 'b.test');
    const found = matchingPattern(policy, domain('b.test'));
    assert.ok(found);
    assert.equal(formatPattern(found), '*.test');
  });

  it('S11: there is none where the policy names other hosts', () => {
    assert.equal(matchingPattern(policyWith('a.test'), domain('mx.evil.test')), undefined);
  });

  it('is one that matches by the definition, label by label', () => {
    const label = fc.constantFrom('a', 'b', 'ab');
    const labels = fc.array(label, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.boolean(), labels, labels, (wildcard, base, host) => {
        const wanted = wildcard ? host.slice(1) : host;
        const expected = wanted.length === base.length && wanted.every((one, at) => one === base[at]);
        const pattern = { wildcard, domain: domain(base.join('.')) };
        assert.equal(matchesMx(pattern, domain(host.join('.'))), expected);
      }),
    );
  });
});
