import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readDatagram } from '../../../../src/reports/tls-rpt/datagram.ts';
import { resultTypes } from '../../../../src/reports/tls-rpt/result-types.ts';
import type { SessionResult } from '../../../../src/reports/tls-rpt/session-result.ts';

/** As libtlsrpt sent them: real datagrams. */
const folder = join(import.meta.dirname, '../../../../../shared/vectors/reports/datagrams');
const skip = existsSync(folder) ? false : 'the recorded datagrams are not here';

function recorded(number: string): SessionResult {
  const name = readdirSync(folder).find((file) => file.startsWith(number)) ?? assert.fail(number);
  const read = readDatagram(readFileSync(join(folder, name)));
  return read.kind === 'result' ? read.result : assert.fail(read.because);
}

const whole = {
  dpv: '1',
  d: 'example.com',
  pr: 'v=TLSRPTv1; rua=mailto:reports@example.com',
  policies: [{ 'policy-type': 9, t: 0, f: 0 }],
};

const read = (value: unknown): ReturnType<typeof readDatagram> =>
  readDatagram(Buffer.from(JSON.stringify(value)));

describe('datagrams of libtlsrpt', { skip }, () => {
  it('01: a session without a policy', () => {
    assert.deepEqual(recorded('01'), {
      domain: 'example.com',
      record: 'v=TLSRPTv1; rua=mailto:reports@example.com',
      policies: [
        {
          policy: { type: 'no-policy-found', domain: 'example.com', strings: [], mxHosts: [] },
          failures: [],
          final: 'success',
        },
      ],
    });
  });

  it('02: a policy without a domain is that of the domain of the mail', () => {
    assert.equal(recorded('02').policies[0]?.policy.domain, 'example.com');
  });

  it('03: the policy as it was published', () => {
    assert.deepEqual(recorded('03').policies[0]?.policy, {
      type: 'sts',
      domain: 'example.com',
      strings: ['version: STSv1', 'mode: enforce', 'mx: *.example.com', 'max_age: 604800'],
      mxHosts: ['*.example.com'],
    });
  });

  it('04 and 05: failures of one session, of which only the last word counts', () => {
    const failed = recorded('04').policies[0];
    assert.equal(failed?.final, 'failure');
    assert.deepEqual(failed?.failures[1], {
      type: 'validation-failure',
      sendingAddress: '192.0.2.1',
      receivingHost: 'mx2.example.com',
      receivingHello: null,
      receivingAddress: '2001:db8::1',
      additional: null,
      reason: 'self-signed certificate',
    });
    const saved = recorded('05').policies[0];
    assert.deepEqual([saved?.final, saved?.failures.length], ['success', 1]);
  });

  it('06: two policies of one session', () => {
    const domains = recorded('06').policies.map(
      ({ policy, final }) => `${policy.type} ${policy.domain} ${final}`,
    );
    assert.deepEqual(domains, ['tlsa mx1.example.com success', 'tlsa mx2.example.com failure']);
  });

  it('07: every code, and one that is not known counts as the general failure', () => {
    const { failures } = recorded('07').policies[0] ?? assert.fail();
    assert.deepEqual(
      failures.map(({ type }) => type),
      [...resultTypes, 'validation-failure'],
    );
    assert.equal(failures[0]?.reason, 'r"\\\n\u0001\u007fü');
  });

  it('08: octets that are not UTF-8 are replaced, a domain is taken in its one spelling', () => {
    const { domain, policies } = recorded('08');
    assert.equal(domain, 'example.com');
    assert.deepEqual(policies[0]?.policy.strings, ['bad��bytes']);
  });

  it('09: 192,174 octets are one result', () => {
    assert.equal(recorded('09').policies[0]?.policy.strings.length, 3000);
  });
});

describe('readDatagram', () => {
  it('passes over fields that it does not know', () => {
    assert.equal(read({ ...whole, new: { deep: [] } }).kind, 'result');
  });

  it('takes one that names no version, as libtlsrpt 0.5.0rc1 of Debian 13 sends them', () => {
    const { dpv: _, ...without } = whole;
    assert.deepEqual(read(without), read(whole));
    assert.equal(read({ ...whole, dpv: null }).kind, 'unusable');
  });

  it('takes an absent record and null for a text: nobody has seen one', () => {
    const { pr: _, ...without } = whole;
    for (const one of [without, { ...whole, pr: null }]) {
      const answer = read(one);
      assert.ok(answer.kind === 'result' && answer.result.record === null);
    }
  });

  for (const [what, value] of [
    ['another version', { ...whole, dpv: '2' }],
    ['a version that is a number', { ...whole, dpv: 1 }],
    ['no domain', { ...whole, d: undefined }],
    ['a domain that is none', { ...whole, d: 'a b' }],
    ['no policies', { ...whole, policies: [] }],
    ['policies that are no list', { ...whole, policies: {} }],
    ['65 policies', { ...whole, policies: Array.from({ length: 65 }, () => whole.policies[0]) }],
    ['a policy that is a list', { ...whole, policies: [[]] }],
    ['a policy of an unknown type', { ...whole, policies: [{ 'policy-type': 3, f: 0 }] }],
    ['a policy without a final result', { ...whole, policies: [{ 'policy-type': 9 }] }],
    ['a final result of 2', { ...whole, policies: [{ 'policy-type': 9, f: 2 }] }],
    [
      'a failure without a code',
      { ...whole, policies: [{ 'policy-type': 9, f: 1, 'failure-details': [{}] }] },
    ],
    ['a record that is a number', { ...whole, pr: 1 }],
    ['lines that are numbers', { ...whole, policies: [{ 'policy-type': 2, f: 0, 'policy-string': [1] }] }],
    ['a list', []],
    ['null', null],
  ] as const) {
    it(`takes nothing of one with ${what}`, () => {
      const answer = read(value);
      assert.ok(answer.kind === 'unusable');
      assert.match(answer.because, /^the datagram /);
    });
  }

  it('takes nothing of one that was cut, wherever', () => {
    const octets = Buffer.from(JSON.stringify(whole));
    for (let end = 0; end < octets.length; end += 1)
      assert.equal(readDatagram(octets.subarray(0, end)).kind, 'unusable', `${end} octets`);
  });

  it('reads any octets and any JSON without throwing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (octets) => {
          readDatagram(octets);
        },
      ),
    );
  });

  it('is not harmed by values that are nested deeply', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    for (const field of ['dpv', 'd', 'policies', 'x'])
      assert.doesNotThrow(() => readDatagram(Buffer.from(`{"dpv": "1", "${field}": ${deep}}`)));
  });
});
