import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type AuthenticationResult,
  authenticationResults,
  claimedResults,
  formatResults,
} from '../../../src/mail/authentication-results.ts';
import { readHeaderSection } from '../../../src/mail/headers.ts';
import { readResults } from '../../../src/mail/read-results.ts';

const results: AuthenticationResult = {
  spf: { result: 'pass', identity: 'mailfrom', value: 'example.com', domain: 'example.com', because: null },
  dkim: [
    {
      result: 'pass',
      domain: 'example.com',
      selector: 's1',
      identity: '@mail.example.com',
      algorithm: 'rsa-sha256',
      signature: 'abc/+=ef',
      uncovered: 0,
      because: null,
    },
  ],
  arc: { result: 'none', instance: 0, sealers: [], unknown: false, because: null },
  dmarc: { result: 'pass', from: 'example.com', policy: 'reject', because: null },
};
const [signature] = results.dkim;
assert.ok(signature !== undefined);

describe('Authentication-Results (RFC 8601 §2.2)', () => {
  it('has a line for each method, and quotes what is no token', () => {
    assert.equal(
      authenticationResults('mx.example.org', results, '192.0.2.1'),
      [
        'Authentication-Results: mx.example.org;',
        '\tspf=pass smtp.mailfrom=example.com;',
        '\tdkim=pass header.d=example.com header.i=@mail.example.com header.s=s1',
        '\theader.a=rsa-sha256 header.b="abc/+=ef";',
        '\tarc=none smtp.remote-ip=192.0.2.1;',
        '\tdmarc=pass header.from=example.com policy.dmarc=reject',
        '',
      ].join('\r\n'),
    );
  });

  it('says none where there is no signature, and reasons where there are some', () => {
    const text = formatResults(
      '[192.0.2.9]',
      {
        spf: { ...results.spf, result: 'permerror', identity: 'helo', value: 'h', because: 'a "b" \\' },
        dkim: [],
        arc: { ...results.arc, result: 'fail', because: 'x' },
        dmarc: { result: 'permerror', from: null, policy: null, because: 'no author' },
      },
      '2001:db8::1',
    );
    assert.equal(
      text,
      [
        '"[192.0.2.9]"',
        'spf=permerror reason="a \\"b\\" \\\\" smtp.helo=h',
        'dkim=none',
        'arc=fail reason="x" smtp.remote-ip="2001:db8::1"',
        'dmarc=permerror reason="no author"',
      ].join(';\r\n\t'),
    );
  });

  it('no text of others adds a field, a result, or a line of more than 998 octets', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(text, text, text, text, (one, two, three, four) => {
        const field = authenticationResults(
          'mx.example.org',
          {
            spf: { ...results.spf, value: one, because: two },
            dkim: [{ ...signature, domain: two, selector: three, identity: four, because: one }],
            arc: { ...results.arc, result: 'fail', because: three },
            dmarc: { ...results.dmarc, from: four, because: two },
          },
          '192.0.2.1',
        );
        assert.match(field, /^Authentication-Results: (?:[\x20-\x7e\t]|\r\n\t)*\r\n$/);
        assert.ok(field.split('\r\n').every((line) => line.length <= 998));
        const read = readResults(field.slice(field.indexOf(':') + 1, -2));
        assert.deepEqual(
          read?.map(({ method }) => method),
          ['spf', 'dkim', 'arc', 'dmarc'],
        );
      }),
    );
  });
});

describe('RFC 8601 §5: "any MTA conforming to this specification MUST delete any discovered instance of this header field that claims [...] to have been added within its trust boundary"', () => {
  const claimed = (...fields: readonly string[]): readonly string[] => {
    const bytes = Buffer.from(`${fields.map((field) => `${field}\r\n`).join('')}\r\nbody\r\n`, 'latin1');
    const section = readHeaderSection(bytes, { bytes: 10_000, fields: 100 });
    return claimedResults(bytes, section, 'mx.example.org').map(({ start, end }) =>
      bytes.toString('latin1', start, end - 2),
    );
  };

  for (const field of [
    'Authentication-Results: mx.example.org; dkim=pass',
    'authentication-results:mx.example.org',
    'Authentication-Results: MX.Example.ORG 1; spf=pass',
    'Authentication-Results: "mx.example.org"; spf=pass',
    'Authentication-Results: "mx\\.example.org"; spf=pass',
    'Authentication-Results: (a (b) \\) ) mx.example.org (c) 1 (d) ; spf=pass',
    'Authentication-Results:\r\n mx.example.org\r\n\t;spf=pass',
    'Authentication-Results : mx.example.org; spf=pass',
  ])
    it(`finds ${JSON.stringify(field)}`, () => assert.deepEqual(claimed('Subject: x', field), [field]));

  for (const field of [
    'Authentication-Results: (a mx.example.org; spf=pass',
    'Authentication-Results: "mx.example.org; spf=pass',
    'Authentication-Results: = mx.example.org; spf=pass',
    'Authentication-Results: ; spf=pass',
    'Authentication-Results: mx.example.net mx.example.org; spf=pass',
  ])
    it(`takes ${JSON.stringify(field)} for ours, as nobody can say whose it is`, () =>
      assert.deepEqual(claimed(field), [field]));

  it('leaves those of others, and other fields', () => {
    const kept = [
      'Authentication-Results: mx.example.net; spf=pass',
      'Authentication-Results: a.mx.example.org; spf=pass',
      'X-Authentication-Results: mx.example.org; spf=pass',
      'ARC-Authentication-Results: i=1; mx.example.org; spf=pass',
    ];
    assert.deepEqual(claimed(...kept), []);
  });
});
