import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  formatTarget,
  parseTarget,
  protocolNames,
  protocolOf,
  type TargetTerms,
} from '../../../../src/cli/check/target.ts';
import { checkProtocols } from '../../../../src/findings/endpoint.ts';

const nothing: TargetTerms = { protocol: undefined, tls: undefined };

/** The target as `kind what port protocol tls`; what is wrong where it is none. */
function read(text: string, terms: Partial<TargetTerms> = {}): string {
  const parsed = parseTarget(text, { ...nothing, ...terms });
  if (parsed.kind === 'invalid') return `invalid: ${parsed.because}`;
  const { value } = parsed;
  if (value.kind === 'domain') return `domain ${value.domain}`;
  const name = value.kind === 'host' ? value.host : value.address;
  return `${value.kind} ${name} ${value.port} ${value.protocol} ${value.tls}`;
}

describe('what is checked', () => {
  const rows: readonly (readonly [string, string, Partial<TargetTerms>?])[] = [
    ['example.com', 'domain example.com'],
    ['Example.COM.', 'domain example.com'],
    ['bücher.example', 'domain xn--bcher-kva.example'],
    ['example.com', 'domain example.com', { protocol: 'smtp' }],
    ['example.com', 'domain example.com', { tls: 'starttls' }],
    ['mx.example.com:25', 'host mx.example.com 25 smtp starttls'],
    ['[mx.example.com]', 'host mx.example.com 25 smtp starttls'],
    ['[mx.example.com]:2525', 'host mx.example.com 2525 smtp starttls'],
    ['192.0.2.1', 'address 192.0.2.1 25 smtp starttls'],
    ['[192.0.2.1]', 'address 192.0.2.1 25 smtp starttls'],
    ['[192.0.2.1]:2525', 'address 192.0.2.1 2525 smtp starttls'],
    ['192.0.2.1:2525', 'address 192.0.2.1 2525 smtp starttls'],
    ['2001:DB8::1', 'address 2001:db8::1 25 smtp starttls'],
    ['[2001:db8::1]:25', 'address 2001:db8::1 25 smtp starttls'],
    ['[IPv6:2001:db8::1]', 'address 2001:db8::1 25 smtp starttls'],
    ['mail.example.com', 'host mail.example.com 143 imap starttls', { protocol: 'imap' }],
    ['mail.example.com', 'host mail.example.com 993 imap implicit', { protocol: 'imap', tls: 'implicit' }],
    ['mail.example.com:993', 'host mail.example.com 993 imap implicit', { protocol: 'imap' }],
    ['mail.example.com:1993', 'host mail.example.com 1993 imap starttls', { protocol: 'imap' }],
    [
      'mail.example.com:993',
      'host mail.example.com 993 imap starttls',
      { protocol: 'imap', tls: 'starttls' },
    ],
    ['mail.example.com:587', 'host mail.example.com 587 submission starttls'],
    ['mail.example.com:465', 'host mail.example.com 465 submission implicit'],
    ['mail.example.com:993', 'host mail.example.com 993 imap implicit'],
    ['mail.example.com:587', 'host mail.example.com 587 smtp starttls', { protocol: 'smtp' }],
    [
      'db.example.com:5432',
      'host db.example.com 5432 postgres implicit',
      { protocol: 'postgres', tls: 'implicit' },
    ],
    ['db.example.com', 'host db.example.com 3306 mysql starttls', { protocol: 'mysql' }],
    ['[192.0.2.1]', 'address 192.0.2.1 2525 smtp starttls', { smtpPort: 2525 }],
    ['192.0.2.1:25', 'address 192.0.2.1 25 smtp starttls', { smtpPort: 2525 }],
    ['192.0.2.1', 'address 192.0.2.1 143 imap starttls', { smtpPort: 2525, protocol: 'imap' }],
  ];
  for (const [text, expected, terms = {}] of rows) {
    it(`${text} ${JSON.stringify(terms)}`, () => assert.equal(read(text, terms), expected));
  }

  const wrong: readonly (readonly [string, RegExp, Partial<TargetTerms>?])[] = [
    ['', /empty/],
    ['user@example.com', /mailbox; ask for its domain: waxwing check example\.com/],
    ['https://example.com/x', /URL; name the domain or the server alone: example\.com/],
    ['example.com/24', /neither a domain nor a server/],
    ['example..com', /^invalid: "example\.\.com": "" is not a domain label$/],
    ['sts..test:25', /^invalid: "sts\.\.test:25": "" is not a domain label$/],
    ['-', /^invalid: "-" is not a domain label$/],
    ['[]:25', /^invalid: "\[\]:25": the domain is empty$/],
    ['[1.2.3.4', /^invalid: "\[1\.2\.3\.4" has no closing bracket$/],
    ['plain.test 10', /^invalid: "plain\.test 10" has a space in it; every target is a word of its own$/],
    ['plain.test ', /^invalid: "plain\.test " has a space in it/],
    ['plain.test\t', /^invalid: "plain\.test.+" has a space in it/],
    ['mail.example.com:0', /"mail\.example\.com:0": "0" is not a port, a number from 1 to 65535$/],
    ['mail.example.com:65536', /"65536" is not a port/],
    ['mail.example.com:', /"" is not a port/],
    ['mail.example.com:25x', /"25x" is not a port/],
    ['mail.example.com:25:25', /more than one colon/],
    ['2001:db8::1:25z', /more than one colon/],
    ['[2001:db8::1]:25:25', /"25:25" is not a port/],
    ['fe80::1%eth0', /zone index/],
    ['[]', /empty/],
    ['1.2.3.4.5', /number/],
    ['example.com', /never with TLS first/, { tls: 'implicit' }],
    ['mx.example.com', /smtp|never with TLS first/, { protocol: 'smtp', tls: 'implicit' }],
    [
      'mx.example.com',
      /lmtp has no usual port at which TLS comes first/,
      { protocol: 'lmtp', tls: 'implicit' },
    ],
    ['a'.repeat(2000), /too long/],
  ];
  for (const [text, expected, terms = {}] of wrong) {
    it(`refuses ${text.slice(0, 40)} ${JSON.stringify(terms)}`, () => {
      const said = read(text, terms);
      assert.match(said, /^invalid: /);
      assert.match(said, expected);
    });
  }

  it('knows every protocol, and the usual port of each', () => {
    assert.deepEqual([...protocolNames], Object.keys(checkProtocols));
    for (const protocol of protocolNames) {
      const { starttls } = checkProtocols[protocol];
      if (protocol !== 'smtp') {
        assert.equal(read('h.example', { protocol }), `host h.example ${starttls} ${protocol} starttls`);
      }
    }
  });

  it('a server is named in the results as it was asked for', () => {
    for (const [text, named, given = {}] of [
      ['192.0.2.1:2525', '192.0.2.1:2525'],
      ['[192.0.2.1]:2525', '[192.0.2.1]:2525'],
      ['[2001:DB8::1]:25', '[2001:DB8::1]:25'],
      ['[mx.example.com]:25', '[mx.example.com]:25'],
      // What names no port may be another server, or a domain, by other options.
      ['2001:DB8::1', '[2001:db8::1]:25'],
      ['mail.example.com', 'mail.example.com:143', { protocol: 'imap' }],
      ['[192.0.2.1]', '[192.0.2.1]:2525', { smtpPort: 2525 }],
      ['Mail.Example.com:25', 'Mail.Example.com:25'],
      // A domain has one name, and what is beyond ASCII may look like something else.
      ['Example.COM.', 'example.com'],
      ['bücher.example:25', 'xn--bcher-kva.example:25'],
    ] as readonly (readonly [string, string, Partial<TargetTerms>?])[]) {
      const target = parseTarget(text, { protocol: undefined, tls: undefined, ...given });
      assert.equal(target.kind === 'ok' && formatTarget(target.value), named);
    }
  });

  it('is written so that it is read as the same again', () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    const place = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    const terms = fc.record({
      protocol: fc.constantFrom(...protocolNames),
      tls: fc.constantFrom('starttls', 'implicit'),
    });
    fc.assert(
      fc.property(place, port, terms, (name, number, given) => {
        const text = name.includes(':') ? `[${name}]:${number}` : `${name}:${number}`;
        const target = parseTarget(text, given);
        if (target.kind === 'invalid') return;
        assert.deepEqual(parseTarget(formatTarget(target.value), given), target);
        assert.equal(protocolOf(target.value), given.protocol);
      }),
    );
  });

  it('takes any text without breaking, and in linear time', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.ok(['ok', 'invalid'].includes(parseTarget(text, nothing).kind));
      }),
    );
    const began = performance.now();
    parseTarget('['.repeat(1_000_000), nothing);
    parseTarget(':'.repeat(1_000), nothing);
    assert.ok(performance.now() - began < 500);
  });
});
