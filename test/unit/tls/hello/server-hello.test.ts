import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientHelloSpec } from '../../../../src/tls/hello/client-hello.ts';
import { readServerHello, type ServerHello } from '../../../../src/tls/hello/server-hello.ts';
import { asked } from './asked.ts';
import { type HelloParts, serverHello } from './flights.ts';

const offerOf = (name: string, more: Partial<ClientHelloSpec> = {}): ClientHelloSpec => {
  const offer = asked.get(name)?.offer;
  return offer?.kind === 'tls' ? { ...offer, ...more } : assert.fail(name);
};
const weak = offerOf('weak');
const retry = offerOf('retry');
const key = new Uint8Array(32).fill(9);
const share = { group: 0x001d, key };
const withShare = offerOf('retry', { keyShares: [share] });

/** SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3). */
const RETRY = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
const TLS13 = [43, '0304'] as const;
const X25519_SHARE = [51, `001d0020${'09'.repeat(32)}`] as const;

function breach(offer: ClientHelloSpec, parts: HelloParts): string | null {
  return readServerHello(serverHello(parts), offer).breach;
}

function hello(offer: ClientHelloSpec, parts: HelloParts): ServerHello {
  const { value, breach: because } = readServerHello(serverHello(parts), offer);
  assert.equal(because, null);
  return value?.kind === 'server-hello' ? value : assert.fail('no ServerHello');
}

describe('ServerHello of TLS 1.2 and older, RFC 5246 §7.4.1.3', () => {
  it('without any extension, as old servers say it', () => {
    const { version, suite, compression, extensions, renegotiationInfo } = hello(weak, {
      version: 0x0301,
      suite: 0x0004,
    });
    assert.deepEqual([version, suite, compression, extensions, renegotiationInfo], [0x0301, 4, 0, [], false]);
  });

  it('an empty list of extensions is one', () => {
    assert.deepEqual(hello(weak, { extensions: [] }).extensions, []);
  });

  it('says what it knows: EMS, encrypt-then-MAC, secure renegotiation, ALPN, compression', () => {
    const offer = offerOf('weak with ALPN');
    const found = hello(offer, {
      compression: 1,
      extensions: [
        [23, ''],
        [22, ''],
        [0xff01, '00'],
        [16, '000504736d7470'],
        [0, ''],
        [11, '0100'],
      ],
    });
    const { extendedMasterSecret, encryptThenMac, renegotiationInfo, alpn, compression } = found;
    assert.deepEqual(
      [extendedMasterSecret, encryptThenMac, renegotiationInfo, alpn, compression],
      [true, true, true, 'smtp', 1],
    );
    assert.deepEqual(
      found.extensions.map(({ type }) => type),
      [23, 22, 0xff01, 16, 0, 11],
    );
  });

  it('answers the suite that stands for secure renegotiation by the extension (RFC 5746 §3.6)', () => {
    const scsv = offerOf('weak', { renegotiation: 'scsv' });
    assert.ok(hello(scsv, { extensions: [[0xff01, '00']] }).renegotiationInfo);
    const none = offerOf('weak', { renegotiation: null });
    assert.match(
      breach(none, { extensions: [[0xff01, '00']] }) ?? '',
      /the extension 65281, which was not offered/,
    );
  });

  it('says by its random what it could have spoken (RFC 8446 §4.1.3)', () => {
    const random = (end: number): Buffer =>
      Buffer.concat([Buffer.alloc(24), Buffer.from('DOWNGRD'), Buffer.of(end)]);
    assert.equal(hello(weak, { random: random(1) }).couldSpeak, 'TLSv1.3');
    assert.equal(hello(weak, { random: random(0), version: 0x0302 }).couldSpeak, 'TLSv1.2');
    assert.equal(hello(weak, { random: random(1), version: 0x0302 }).couldSpeak, null);
    assert.equal(hello(weak, { random: random(0) }).couldSpeak, null);
    assert.equal(hello(weak, {}).couldSpeak, null);
  });

  it('a lower version is an answer to supported_versions by a server that does not know them', () => {
    assert.equal(hello(retry, { version: 0x0301, suite: 0xc02f }).version, 0x0301);
  });

  it('a later version than was offered', () => {
    for (const [name, version] of [
      ['TLS 1.1', 0x0303],
      ['TLS 1.0', 0x0302],
      ['SSL 3.0', 0x0301],
    ] as const) {
      assert.match(
        breach(offerOf(name), { version }) ?? '',
        /^a ServerHello of TLSv1.*, which was not offered/,
      );
      assert.equal(breach(offerOf(name), { version: version - 1 }), null);
    }
  });

  const breaches: readonly [why: RegExp, parts: HelloParts][] = [
    [/TLSv1.3, which was not offered/, { extensions: [TLS13] }],
    [/TLSv1.3, which was not offered/, { version: 0x0304 }],
    [/version 0x0200, which was not offered/, { version: 0x0200 }],
    [/version 0x0305, which was not offered/, { version: 0x0305 }],
    [/SSLv2, which was not offered/, { version: 0x0002 }],
    [/TLS_AES_128_GCM_SHA256, which was not offered/, { suite: 0x1301 }],
    [/0x5600, which was not offered/, { suite: 0x5600 }],
    [/compression 2, which was not offered/, { compression: 2 }],
    [/the extension 35, which was not offered/, { extensions: [[35, '']] }],
    [
      /an extension that it has twice/,
      {
        extensions: [
          [23, ''],
          [23, ''],
        ],
      },
    ],
    [/extension 23 is not empty/, { extensions: [[23, '00']] }],
    [/renegotiates what never was/, { extensions: [[0xff01, '0101']] }],
    [/renegotiates what never was/, { extensions: [[0xff01, '']] }],
    [/the extension 51, which was not offered/, { extensions: [X25519_SHARE] }],
  ];
  for (const [why, parts] of breaches) {
    it(`${JSON.stringify(parts)}: ${why.source}`, () => assert.match(breach(weak, parts) ?? '', why));
  }

  it('a protocol that was not offered, or two of them (RFC 7301 §3.1)', () => {
    const offer = offerOf('weak with ALPN');
    for (const data of ['0003026832', '000a04736d747004696d6170', '0000', '']) {
      assert.match(breach(offer, { extensions: [[16, data]] }) ?? '', /a protocol that was not offered/);
    }
  });

  it('older versions are never said in supported_versions (RFC 8446 §4.2.1)', () => {
    const old = { suite: 0xc02f, extensions: [[43, '0303']] } as const;
    assert.match(breach(retry, old) ?? '', /TLSv1.2 with supported_versions/);
    assert.match(breach(retry, { ...old, extensions: [[43, '03']] }) ?? '', /with supported_versions/);
  });

  it('GREASE is not for taking (RFC 8701 §3)', () => {
    assert.match(
      breach(offerOf('weak', { grease: 0, suites: [0x0a0a, 5] }), { suite: 0x0a0a }) ?? '',
      /not offered/,
    );
    assert.match(breach(offerOf('weak', { grease: 0 }), { extensions: [[0x0a0a, '']] }) ?? '', /not offered/);
  });

  it('what breaks a rule is there all the same', () => {
    const { value } = readServerHello(serverHello({ suite: 0x1301 }), weak);
    assert.equal(value?.suite, 0x1301);
  });

  it('lengths that do not add up cannot be read', () => {
    const whole = serverHello({ extensions: [[23, '']] });
    for (let length = 0; length < whole.length; length++) {
      // It may end where the extensions begin.
      if (length === 38) continue;
      const { value, breach: because } = readServerHello(whole.subarray(0, length), weak);
      assert.deepEqual([value, because], [null, 'a ServerHello whose lengths do not add up'], String(length));
    }
    assert.equal(readServerHello(Buffer.concat([whole, Buffer.of(0)]), weak).value, null);
  });

  it('a session id of 32 octets is one, of 33 it is none', () => {
    assert.equal(hello(weak, { sessionId: '11'.repeat(32) }).sessionId.length, 32);
    assert.equal(readServerHello(serverHello({ sessionId: '11'.repeat(33) }), weak).value, null);
  });
});

describe('ServerHello of TLS 1.3, RFC 8446 §4.1.3', () => {
  const good: HelloParts = { suite: 0x1301, extensions: [TLS13, X25519_SHARE] };

  it('is of the version that it selects, with a share of a group that was offered', () => {
    const { version, legacyVersion, keyShare, alpn } = hello(withShare, good);
    assert.deepEqual([version, legacyVersion, keyShare?.group, alpn], [0x0304, 0x0303, 0x001d, null]);
  });

  const breaches: readonly [why: RegExp, parts: HelloParts][] = [
    [/without a key share/, { ...good, extensions: [TLS13] }],
    [/without a key share/, { ...good, extensions: [TLS13, [51, '001d0000']] }],
    [/a share of secp256r1, of which it got none/, { ...good, extensions: [TLS13, [51, '0017000109']] }],
    [/a share of x25519 of 1 octets/, { ...good, extensions: [TLS13, [51, '001d000109']] }],
    [/another session/, { ...good, sessionId: '01' }],
    [/TLSv1.3, which was not offered/, { ...good, version: 0x0302 }],
    [/the extension 23, which was not offered/, { ...good, extensions: [TLS13, X25519_SHARE, [23, '']] }],
  ];
  for (const [why, parts] of breaches) {
    it(why.source, () => assert.match(breach(withShare, parts) ?? '', why));
  }

  it('compression is gone', () => {
    const offer = { ...withShare, compression: [1, 0] };
    assert.match(breach(offer, { ...good, compression: 1 }) ?? '', /with compression/);
  });
});

describe('HelloRetryRequest, RFC 8446 §4.1.4', () => {
  const asks = (...extensions: NonNullable<HelloParts['extensions']>): HelloParts => ({
    suite: 0x1301,
    random: RETRY,
    extensions,
  });

  it('names a group of those that were offered', () => {
    const { value, breach: because } = readServerHello(serverHello(asks(TLS13, [51, '11ec'])), retry);
    assert.equal(because, null);
    assert.ok(value?.kind === 'hello-retry-request');
    assert.deepEqual([value.version, value.suite, value.group, value.cookie], [0x0304, 0x1301, 0x11ec, null]);
  });

  it('or only wants a cookie back', () => {
    const { value, breach: because } = readServerHello(serverHello(asks(TLS13, [44, '0002abcd'])), retry);
    assert.equal(because, null);
    assert.deepEqual(value?.kind === 'hello-retry-request' && value.cookie, Buffer.from('abcd', 'hex'));
  });

  const breaches: readonly [why: RegExp, parts: HelloParts][] = [
    [/asks for nothing/, asks(TLS13)],
    [/of TLSv1.2/, asks([51, '001d'])],
    [/whose key_share is no group/, asks(TLS13, [51, '001d00'])],
    [/an empty cookie/, asks(TLS13, [44, '0000'])],
    [/0x1a1a, which was not offered/, asks(TLS13, [51, '1a1a'])],
    [/the extension 16, which was not offered/, asks(TLS13, [16, ''])],
    [/an extension that it has twice/, asks(TLS13, [51, '001d'], [51, '0017'])],
  ];
  for (const [why, parts] of breaches) {
    it(why.source, () => assert.match(breach(retry, parts) ?? '', why));
  }

  it('for a group of which it has a share already', () => {
    assert.match(breach(withShare, asks(TLS13, [51, '001d'])) ?? '', /of which it has a share already/);
  });
});
