import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readHeaderSection } from '../../../src/mail/headers.ts';
import { type Arrival, formatReceived } from '../../../src/mail/received.ts';

const arrival: Arrival = {
  helo: 'client.example.test',
  peer: '192.0.2.1',
  by: 'relay.example.test',
  protocol: 'esmtp',
  authenticated: false,
  utf8: false,
  cipher: 'TLS_AES_256_GCM_SHA384',
  id: '01JX',
  recipients: ['bob@example.net'],
  at: Date.UTC(2026, 10, 22, 2, 54, 8),
};

const unfolded = (changes: Partial<Arrival>): string =>
  formatReceived({ ...arrival, ...changes }).replace(/\r\n(?= )/g, '');

describe('formatReceived', () => {
  it('RFC 5321 §4.4: writes the clauses in the order of the grammar, tls (RFC 8314 §4.3) behind for', () => {
    assert.equal(
      unfolded({}),
      'Received: from client.example.test ([192.0.2.1]) by relay.example.test with ESMTPS id 01JX ' +
        'for <bob@example.net> tls TLS_AES_256_GCM_SHA384; Sun, 22 Nov 2026 02:54:08 +0000\r\n',
    );
  });

  it('folds at 78', () => {
    for (const line of formatReceived(arrival).split('\r\n')) assert.ok(line.length <= 78, line);
  });

  const types: readonly [how: Partial<Arrival>, type: string][] = [
    [{ protocol: 'smtp', cipher: null }, 'SMTP'],
    [{ cipher: null }, 'ESMTP'],
    [{}, 'ESMTPS'],
    [{ cipher: null, authenticated: true }, 'ESMTPA'],
    [{ authenticated: true }, 'ESMTPSA'],
    [{ cipher: null, utf8: true }, 'UTF8SMTP'],
    [{ utf8: true }, 'UTF8SMTPS'],
    [{ cipher: null, utf8: true, authenticated: true }, 'UTF8SMTPA'],
    [{ utf8: true, authenticated: true }, 'UTF8SMTPSA'],
  ];
  for (const [how, type] of types) {
    it(`RFC 3848, RFC 6531 §4.3: says ${type}`, () => {
      assert.ok(unfolded(how).includes(` with ${type} id `), unfolded(how));
    });
  }

  it('RFC 5321 §4.4: says HTTP of mail that came by another protocol', () => {
    assert.ok(unfolded({ protocol: 'http', authenticated: true }).includes(' with HTTP id '));
  });

  it('names no recipient that is not ASCII', () => {
    assert.doesNotMatch(unfolded({ recipients: ['jürgen@example.net'], utf8: true }), / for |example\.net/);
  });

  it('has no tls clause where the mail came in clear', () => {
    assert.doesNotMatch(unfolded({ cipher: null }), / tls /);
  });

  it('RFC 5321 §7.2: names no recipient where there are several', () => {
    assert.doesNotMatch(
      unfolded({ recipients: ['bob@example.net', 'eve@example.net'] }),
      / for |example\.net/,
    );
    assert.doesNotMatch(unfolded({ recipients: [] }), / for /);
  });

  const peers: readonly [peer: string, literal: string][] = [
    ['2001:db8::1', '([IPv6:2001:db8::1])'],
    ['fe80::1%eth0', '([IPv6:fe80::1])'],
    ['::ffff:192.0.2.1', '([IPv6:::ffff:192.0.2.1])'],
  ];
  for (const [peer, literal] of peers) {
    it(`writes the peer ${peer} as ${literal}`, () => assert.ok(unfolded({ peer }).includes(literal)));
  }

  const names: readonly [helo: string, shown: string][] = [
    ['[192.0.2.7]', 'from [192.0.2.7] ('],
    ['[IPv6:2001:db8::7]', 'from [IPv6:2001:db8::7] ('],
    ['evil\r\nSubject: forged', 'from evil??Subject:?forged ('],
    ['evil (trusted [127.0.0.1]) by relay; ', 'from evil??trusted?[127.0.0.1]??by?relay?? ('],
    ['bücher.test', 'from b?cher.test ('],
    ['', 'from ? ('],
  ];
  for (const [helo, shown] of names) {
    it(`shows the HELO name ${JSON.stringify(helo)} as ${shown}`, () => {
      assert.ok(unfolded({ helo }).includes(shown), unfolded({ helo }));
    });
  }

  it('is one field of printable ASCII on lines below 999, whatever the peer says', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary', maxLength: 2000 }), fc.constant('a('.repeat(3000)));
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (helo, recipient, id, cipher) => {
        const field = formatReceived({ ...arrival, helo, recipients: [recipient], id, cipher });
        assert.match(field, /^Received:(?:[\x20-\x7e]|\r\n )*\r\n$/);
        assert.ok(field.replaceAll('\r\n', '').endsWith('; Sun, 22 Nov 2026 02:54:08 +0000'));
        assert.ok(field.split('\r\n').every((line) => line.length <= 998));
        const section = readHeaderSection(Buffer.from(`${field}\r\n`), { bytes: 100_000, fields: 9 });
        assert.deepEqual([section.fields.length, section.endedBy], [1, 'empty-line']);
      }),
    );
  });
});
