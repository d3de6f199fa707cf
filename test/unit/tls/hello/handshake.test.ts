import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlightEnd } from '../../../../src/tls/hello/flight-end.ts';
import { type Handshake, readHandshake } from '../../../../src/tls/hello/handshake.ts';
import { asked } from './asked.ts';
import { type HelloParts, handshake, octets, serverHello, vector24 } from './flights.ts';

const offer = asked.get('weak with status')?.offer ?? assert.fail();
const hello = (suite: number, more: HelloParts = {}): Buffer => handshake(2, serverHello({ suite, ...more }));
const RSA = 0x0005;
const ECDHE = 0xc02f;
const ANON = 0xc018;
const certificate = handshake(11, vector24(vector24(Buffer.of(0x30, 0))));
const status = handshake(22, octets('01 000002 3003'));
const exchange = handshake(12, octets('03 001d 02 0708 0401 0001 ff'));
const anonymous = handshake(12, octets('03 001d 02 0708'));
const request = handshake(13, octets('01 01 0002 0401 0000'));
const done = handshake(14, Buffer.alloc(0));
const withStatus = { extensions: [[5, '']] } as const;

function taken(...messages: readonly Uint8Array[]): { reader: Handshake; end: FlightEnd | null } {
  const reader = readHandshake(offer, 65_536);
  for (const message of messages) {
    const end = reader.take(message);
    if (end !== null) return { reader, end };
  }
  return { reader, end: null };
}

const because = (...messages: readonly Uint8Array[]): string => {
  const { end } = taken(...messages);
  return end?.kind === 'broken' ? end.because : '';
};

describe('the first flight of TLS 1.2, RFC 5246 §7.3', () => {
  it('all messages in their order', () => {
    const { reader, end } = taken(hello(ECDHE, withStatus), certificate, status, exchange, request, done);
    assert.equal(end, null);
    const { certificates, certificateStatus, serverKeyExchange, certificateRequest, serverHelloDone } =
      reader.facts();
    for (const fact of [certificates, certificateStatus, serverKeyExchange, certificateRequest])
      assert.ok(fact);
    assert.ok(serverHelloDone);
  });

  const good: readonly [why: string, messages: Buffer[]][] = [
    ['RSA has no key exchange', [hello(RSA), certificate, done]],
    ['an anonymous suite has no certificate', [hello(ANON), anonymous, done]],
    [
      'HelloRequest is left aside at any time (§7.4.1.1)',
      [handshake(0, Buffer.alloc(0)), hello(RSA), handshake(0, Buffer.alloc(0)), certificate, done],
    ],
    ['export may do with the key of the certificate', [hello(0x0003), certificate, done]],
  ];
  for (const [why, messages] of good) it(why, () => assert.equal(taken(...messages).end, null));

  const breaches: readonly [why: RegExp, messages: Buffer[]][] = [
    [/type 11 where ServerHello is due/, [certificate]],
    [/type 2 in a server's first flight/, [hello(RSA), hello(RSA)]],
    [/type 4 in a server's first flight/, [hello(RSA), handshake(4, Buffer.alloc(6))]],
    [/type 20 in a server's first flight/, [hello(RSA), certificate, done, handshake(20, Buffer.alloc(12))]],
    [/type 0 in a server's first flight/, [hello(RSA), certificate, done, handshake(0, Buffer.alloc(0))]],
    [/type 0 where ServerHello is due/, [handshake(0, Buffer.of(1))]],
    [/type 11 out of its order/, [hello(RSA), certificate, certificate]],
    [/type 11 out of its order/, [hello(ECDHE), exchange, certificate]],
    [/type 12 out of its order/, [hello(ECDHE), certificate, request, exchange]],
    [/type 14 out of its order/, [hello(RSA), certificate, done, done]],
    [/a ServerKeyExchange with a suite that has none/, [hello(RSA), certificate, exchange]],
    [/a Certificate with a suite that has none/, [hello(ANON), certificate]],
    [/a CertificateRequest of a server that does not say who it is/, [hello(ANON), anonymous, request]],
    [/a CertificateStatus that was not announced/, [hello(ECDHE), certificate, status]],
    [/without a Certificate/, [hello(RSA), done]],
    [/without a ServerKeyExchange/, [hello(ECDHE), certificate, done]],
    [/a ServerHelloDone that says something/, [hello(RSA), certificate, handshake(14, Buffer.of(0))]],
  ];
  for (const [why, messages] of breaches) it(why.source, () => assert.match(because(...messages), why));

  it('what breaks a rule is kept in its first 256 octets', () => {
    const { end } = taken(handshake(11, Buffer.alloc(1000, 7)));
    assert.ok(end?.kind === 'broken');
    assert.deepEqual(end.octets, new Uint8Array(handshake(11, Buffer.alloc(1000, 7)).subarray(0, 256)));
  });

  it('what breaks a rule and can be read is known all the same', () => {
    const { reader, end } = taken(hello(0x1301));
    assert.equal(end?.kind, 'broken');
    assert.equal(reader.facts().serverHello?.suite, 0x1301);
  });

  it('the facts of before do not change', () => {
    const reader = readHandshake(offer, 65_536);
    const before = reader.facts();
    reader.take(hello(RSA));
    assert.equal(before.serverHello, null);
  });

  it('a message larger than may be is refused by its head', () => {
    const reader = readHandshake(offer, 100);
    assert.equal(reader.take(handshake(2, Buffer.alloc(96)).subarray(0, 50)), null);
    assert.equal(reader.unread(), 50);
    assert.equal(
      readHandshake(offer, 100).take(handshake(2, Buffer.alloc(97)).subarray(0, 4))?.kind,
      'too-much',
    );
  });
});

describe('behind the hello of TLS 1.3', () => {
  const retry = asked.get('retry')?.offer ?? assert.fail();
  const random = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
  const message = handshake(
    2,
    serverHello({
      suite: 0x1301,
      random,
      extensions: [
        [43, '0304'],
        [51, '001d'],
      ],
    }),
  );

  it('nothing stands in its record (RFC 8446 §5.1)', () => {
    const reader = readHandshake(retry, 65_536);
    const end = reader.take(Buffer.concat([message, Buffer.of(11)]));
    assert.equal(end?.kind === 'broken' && end.because, 'a ServerHello that does not end its record');
    assert.equal(readHandshake(retry, 65_536).take(message), null);
  });

  it('no message comes in clear', () => {
    const reader = readHandshake(retry, 65_536);
    reader.take(message);
    const end = reader.take(certificate);
    assert.match(end?.kind === 'broken' ? end.because : '', /type 11 in clear, where none can be/);
  });
});

describe('a later version by the hello of SSL 2.0, RFC 6101 appendix E', () => {
  const old = (version: number, cipherKinds: readonly number[]): FlightEnd | null =>
    readHandshake({ kind: 'sslv2', version, cipherKinds, challenge: new Uint8Array(16) }, 65_536).take(
      hello(RSA, { version: 0x0300, extensions: [[0xff01, '00']] }),
    );

  it('is answered by a ServerHello with one of its suites', () => {
    assert.equal(old(0x0301, [0x010080, 0x000005, 0x0000ff]), null);
    assert.match(JSON.stringify(old(0x0301, [0x000005])), /the extension 65281, which was not offered/);
    assert.match(
      JSON.stringify(old(0x0301, [0x000004, 0x0000ff])),
      /TLS_RSA_WITH_RC4_128_SHA, which was not offered/,
    );
    assert.match(JSON.stringify(old(2, [0x000005])), /SSLv3, which was not offered/);
  });
});
