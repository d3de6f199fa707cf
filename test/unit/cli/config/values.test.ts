import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  formatNetwork,
  isLoopbackNetwork,
  parseDuration,
  parseDurationOrNever,
  parseIpAddress,
  parseListenAddress,
  parseLocalPart,
  parseNetwork,
  parseNextHop,
  parsePassword,
  parsePath,
  parseRoutePattern,
  parseSize,
  parseUser,
  patternsAround,
} from '../../../../src/cli/config/values.ts';
import type { Parsed } from '../../../../src/names/domain.ts';

function valueOf<Value>(parsed: Parsed<Value>): Value {
  assert.equal(parsed.kind, 'ok', JSON.stringify(parsed));
  return parsed.value;
}

function refuses(parse: (text: string) => Parsed<unknown>, texts: readonly string[]): void {
  for (const text of texts) assert.equal(parse(text).kind, 'invalid', `${JSON.stringify(text)} is taken`);
}

function spell(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function isLoopback(text: string): boolean {
  return isLoopbackNetwork(valueOf(parseNetwork(text)));
}

function around(text: string): readonly string[] {
  return patternsAround(valueOf(parseRoutePattern(text)));
}

describe('durations', () => {
  it('are a number with one unit, from one second to 365 days', () => {
    assert.equal(valueOf(parseDuration('1s')), 1000);
    assert.equal(valueOf(parseDuration('5m')), 300_000);
    assert.equal(valueOf(parseDuration('4h')), 14_400_000);
    assert.equal(valueOf(parseDuration('365d')), 31_536_000_000);
    assert.equal(valueOf(parseDurationOrNever('5m')), 300_000);
    assert.equal(valueOf(parseDurationOrNever('never')), Number.POSITIVE_INFINITY);
    refuses(parseDurationOrNever, ['Never', 'never ', '', '5']);
  });

  it('are refused beyond their limits and in any other spelling', () => {
    refuses(parseDuration, [
      '0s',
      '366d',
      '8761h',
      '',
      '5',
      'm',
      '5 m',
      ' 5m',
      '5m ',
      '5M',
      '1h30m',
      '-1s',
      '1.5h',
      '1e3s',
    ]);
    refuses(parseDuration, ['9999999999s', '5ms', '٥m', '5m\n']);
  });
});

describe('sizes', () => {
  it('are bytes, or text with a unit of 1000 or 1024', () => {
    assert.equal(valueOf(parseSize(52_428_800)), 52_428_800);
    assert.equal(valueOf(parseSize('52428800')), 52_428_800);
    assert.equal(valueOf(parseSize('50MB')), 50_000_000);
    assert.equal(valueOf(parseSize('50MiB')), 52_428_800);
    assert.equal(valueOf(parseSize('64KiB')), 65_536);
    assert.equal(valueOf(parseSize('1GB')), 1_000_000_000);
  });

  it('are refused in any other spelling', () => {
    refuses(parseSize, [
      '',
      'MB',
      '50 MB',
      '50mb',
      '50M',
      '1.5GB',
      '-1',
      '1e9',
      '1234567890123456',
      '50MB\n',
    ]);
    assert.equal(parseSize(-1).kind, 'invalid');
    assert.equal(parseSize(1e21).kind, 'invalid');
  });
});

describe('socket addresses', () => {
  it('of listeners have a port, 0 among them', () => {
    assert.deepEqual(valueOf(parseListenAddress('127.0.0.1:0')), { address: '127.0.0.1', port: 0 });
    assert.deepEqual(valueOf(parseListenAddress('[::]:25')), { address: '::', port: 25 });
    refuses(parseListenAddress, [
      '127.0.0.1',
      '::1',
      '[::1]',
      'localhost:25',
      ':25',
      '*:25',
      '127.0.0.1:',
      '127.0.0.1:00',
    ]);
    assert.deepEqual(parseListenAddress('8461'), {
      kind: 'invalid',
      because: '"8461" is a port alone: the address stands before it, as in "127.0.0.1:8461"',
    });
  });
});

describe('networks', () => {
  it('are an address with a prefix, or one address', () => {
    assert.deepEqual(valueOf(parseNetwork('192.0.2.0/24')), {
      family: 'ipv4',
      address: '192.0.2.0',
      prefix: 24,
    });
    assert.deepEqual(valueOf(parseNetwork('0.0.0.0/0')), { family: 'ipv4', address: '0.0.0.0', prefix: 0 });
    assert.deepEqual(valueOf(parseNetwork('192.0.2.7')), {
      family: 'ipv4',
      address: '192.0.2.7',
      prefix: 32,
    });
    assert.deepEqual(valueOf(parseNetwork('2001:DB8::/32')), {
      family: 'ipv6',
      address: '2001:db8::',
      prefix: 32,
    });
    assert.deepEqual(valueOf(parseNetwork('::1')), { family: 'ipv6', address: '::1', prefix: 128 });
    assert.equal(valueOf(parseNetwork('::/0')).prefix, 0);
  });

  it('are refused where bits behind the prefix are set: a host is no network', () => {
    refuses(parseNetwork, [
      '192.0.2.1/24',
      '10.1.2.3/8',
      '0.0.0.1/0',
      '2001:db8::1/32',
      '::ffff:192.0.2.1/120',
    ]);
  });

  it('are refused in any other spelling', () => {
    refuses(parseNetwork, [
      '',
      '192.0.2',
      '192.0.2.0/33',
      '192.0.2.0/',
      '192.0.2.0/024',
      '192.0.2.0/-1',
      '::/129',
    ]);
    refuses(parseNetwork, ['fe80::%eth0/64', 'example.net', '[::1]', '192.0.2.0/24 ', '192.000.2.0/24']);
  });

  it('are refused exactly where the address is not the first of its network', () => {
    const groups = fc.array(fc.constantFrom(0, 1, 0x80, 0x8000, 0xffff), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, fc.integer({ min: 0, max: 128 }), (written, prefix) => {
        const first = written.map((group, index) => {
          const kept = Math.min(Math.max(prefix - 16 * index, 0), 16);
          return group & (0xffff << (16 - kept)) & 0xffff;
        });
        assert.equal(parseNetwork(`${spell(first)}/${prefix}`).kind, 'ok');
        const isFirst = spell(written) === spell(first);
        assert.equal(parseNetwork(`${spell(written)}/${prefix}`).kind, isFirst ? 'ok' : 'invalid');
      }),
    );
  });

  it('are loopback only where all their addresses are', () => {
    assert.deepEqual(['127.0.0.0/8', '127.0.0.1', '::1'].map(isLoopback), [true, true, true]);
    assert.deepEqual(['0.0.0.0/0', '126.0.0.0/7', '192.0.2.0/24', '::/0', '::/127'].map(isLoopback), [
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('route patterns', () => {
  it('are a domain, everything below a domain, or everything', () => {
    assert.deepEqual(valueOf(parseRoutePattern('Example.NET')), { kind: 'domain', domain: 'example.net' });
    assert.deepEqual(valueOf(parseRoutePattern('.example.net')), { kind: 'below', domain: 'example.net' });
    assert.deepEqual(valueOf(parseRoutePattern('*')), { kind: 'any' });
    refuses(parseRoutePattern, [
      '',
      '.',
      '..example.net',
      '*.example.net',
      '**',
      'a b',
      '192.0.2.1',
      'user@example.net',
    ]);
  });

  it('know what else matches all that they match', () => {
    assert.deepEqual(around('mx.example.net'), ['*', 'mx.example.net', '.example.net', '.net']);
    assert.deepEqual(around('.example.net'), ['*', '.example.net', '.net']);
    assert.deepEqual(around('*'), ['*']);
  });
});

describe('next hops', () => {
  const host = { kind: 'name', name: 'mail.example.net' };
  for (const [text, expected] of [
    ['smtp://mail.example.net', { protocol: 'smtp', host, port: 25 }],
    ['smtps://mail.example.net', { protocol: 'smtps', host, port: 465 }],
    ['lmtp://mail.example.net', { protocol: 'lmtp', host, port: 24 }],
    ['smtps://mail.example.net:25', { protocol: 'smtps', host, port: 25 }],
    [
      'smtp://[2001:db8::1]:2525',
      { protocol: 'smtp', host: { kind: 'ip', address: '2001:db8::1' }, port: 2525 },
    ],
  ] as const) {
    it(`${text} has the port of its scheme unless another is given`, () =>
      assert.deepEqual(valueOf(parseNextHop(text)), expected));
  }

  it('are refused with another scheme, credentials, a path or a useless port', () => {
    refuses(parseNextHop, [
      'mail.example.net',
      'http://a',
      'SMTP://a',
      'smtp:a',
      'smtp://',
      'smtp://u:p@a',
      'smtp://a/',
      'toString://a',
      'smtp://a\n',
    ]);
    refuses(parseNextHop, [
      'smtp://a:0',
      'smtp://a:65536',
      'smtp://a:',
      'lmtp://2001:db8::1',
      'smtp://a?b',
      'smtp:// a',
    ]);
  });
});

describe('credentials', () => {
  for (const [what, parse] of [
    ['a user', parseUser],
    ['a password', parsePassword],
  ] as const) {
    it(`${what} is 1 to 255 octets and taken as it is`, () => {
      for (const text of ['x', ' ä ', 'a@b', 'x'.repeat(255)]) assert.equal(valueOf(parse(text)), text);
      refuses(parse, ['', 'ä'.repeat(128), 'a\0b', 'a\nb', 'a\u0085b', 'a\u007f']);
    });
  }

  it('a password is not repeated in the message about it', () => {
    assert.ok(!JSON.stringify(parsePassword('gehe1m\0')).includes('gehe1m'));
  });
});

describe('local parts', () => {
  it('are what stands before the @, without the quotes that SMTP may need', () => {
    for (const [text, local] of [
      ['Anna', 'Anna'],
      ['anna+x', 'anna+x'],
      ['"a b"', 'a b'],
      ['"a\\"b"', 'a"b'],
      ['jörg', 'jörg'],
    ] as const) {
      assert.equal(valueOf(parseLocalPart(text)), local);
    }
  });

  it('are no addresses, and nothing is trimmed', () => {
    refuses(parseLocalPart, ['', 'anna@example.test', ' anna', 'a..b', 'a b', '"a', 'x'.repeat(65)]);
  });
});

it('networks are written as they are read', () => {
  for (const text of ['192.0.2.0/24', '192.0.2.1', '0.0.0.0/0', '2001:db8::/32', '::1'])
    assert.equal(formatNetwork(valueOf(parseNetwork(text))), text);
});

it('a local address is an IP address and nothing more', () => {
  assert.equal(valueOf(parseIpAddress('2001:DB8::1')), '2001:db8::1');
  refuses(parseIpAddress, ['', '[::1]', '127.0.0.1:25', 'localhost']);
});

it('a path is neither empty nor cut short by NUL', () => {
  assert.equal(valueOf(parsePath('/var/lib/a b')), '/var/lib/a b');
  refuses(parsePath, ['', '/etc/passwd\0.pem']);
});
