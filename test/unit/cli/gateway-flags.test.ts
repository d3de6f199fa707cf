import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { type GatewayFlags, gatewayOfFlags } from '../../../src/cli/gateway-flags.ts';

const imap: GatewayFlags = { protocol: 'imap', listen: '0.0.0.0:143', backend: '127.0.0.1:1143' };
const toUpstream: GatewayFlags = {
  protocol: 'imap',
  reverse: true,
  listen: '127.0.0.1:1143',
  backend: 'imap.example.net:143',
  serverName: 'imap.example.net',
};

describe('the flags of waxwing gateway', () => {
  it('make a front, with every default', () => {
    assert.deepEqual(gatewayOfFlags(imap), {
      kind: 'ok',
      value: {
        name: 'imap',
        protocol: 'imap',
        mode: {
          kind: 'front',
          files: null,
          clientCertificates: null,
          tls: { minVersion: 'TLSv1.2', ciphers: null, groups: null },
          requireTls: true,
          xclient: false,
        },
        places: [{ address: '0.0.0.0', port: 143, tls: 'starttls' }],
        backend: { kind: 'tcp', host: { kind: 'ip', address: '127.0.0.1' }, port: 1143 },
        proxyHeader: null,
        proxies: [],
        limits: { connections: 10_000, connectionsPerAddress: 100, connectionsPerMinute: 600 },
        patience: {
          clear: 300_000,
          handshake: 30_000,
          connect: 30_000,
          idle: 43_200_000,
          session: Number.POSITIVE_INFINITY,
        },
      },
    });
  });

  it('make a reverse', () => {
    const read = gatewayOfFlags(toUpstream);
    assert.ok(read.kind === 'ok');
    assert.deepEqual(read.value.mode, {
      kind: 'reverse',
      serverName: { kind: 'name', name: 'imap.example.net' },
    });
    assert.deepEqual(read.value.places, [{ address: '127.0.0.1', port: 1143, tls: 'starttls' }]);
  });

  for (const [backend, places] of [
    ['127.0.0.1:143', { listen: '127.0.0.1:143' }],
    ['127.0.0.2:143', { listen: '0.0.0.0:143' }],
    ['[::1]:993', { listen: '[::1]:143', tlsListen: '[::]:993' }],
    ['localhost:143', { listen: '[::1]:143' }],
    ['localhost:143', { listen: '0.0.0.0:143' }],
  ] as const) {
    it(`do not let a gateway pass on to itself: ${backend}, ${JSON.stringify(places)}`, () => {
      assert.deepEqual(gatewayOfFlags({ protocol: 'imap', backend, ...places }), {
        kind: 'invalid',
        because: ['--backend is where this gateway itself listens'],
      });
    });
  }

  it('let a gateway stand before a server with the same port elsewhere', () => {
    for (const backend of ['127.0.0.2:143', '192.0.2.1:143', '127.0.0.1:144', 'unix:/run/imap'])
      assert.equal(gatewayOfFlags({ protocol: 'imap', listen: '127.0.0.1:143', backend }).kind, 'ok');
    assert.equal(gatewayOfFlags({ ...imap, backend: '192.0.2.1:143' }).kind, 'ok');
  });

  it('say all that can be said', () => {
    const read = gatewayOfFlags({
      protocol: 'smtp',
      name: 'mx',
      listen: '[::]:25',
      tlsListen: '[::]:465',
      backend: 'unix:/run/mx',
      xclient: true,
      proxyProtocol: 'v2',
      proxy: ['192.0.2.0/24'],
      clientCa: 'clients.pem',
      clientCertificate: 'optional',
      clientAllow: ['client.test'],
      minVersion: '1.3',
      ciphers: 'TLS_AES_256_GCM_SHA384',
      groups: 'X25519',
      connections: '5',
      connectionsPerAddress: '4',
      connectionsPerMinute: '3',
      clearTimeout: '10s',
      connectTimeout: '11s',
      idleTimeout: '12s',
      sessionTimeout: '13s',
    });
    assert.ok(read.kind === 'ok');
    const { name, mode, places, proxyHeader, proxies, limits, patience } = read.value;
    assert.equal(name, 'mx');
    assert.deepEqual(mode, {
      kind: 'front',
      files: null,
      clientCertificates: {
        caFile: resolve('clients.pem'),
        required: false,
        allowed: [{ kind: 'name', host: { kind: 'name', name: 'client.test' } }],
      },
      tls: { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384', groups: 'X25519' },
      requireTls: false,
      xclient: true,
    });
    assert.deepEqual(
      places.map(({ port, tls }) => [port, tls]),
      [
        [25, 'starttls'],
        [465, 'implicit'],
      ],
    );
    assert.equal(proxyHeader, 'v2');
    assert.deepEqual(proxies, [{ family: 'ipv4', address: '192.0.2.0', prefix: 24 }]);
    assert.deepEqual(limits, { connections: 5, connectionsPerAddress: 4, connectionsPerMinute: 3 });
    assert.deepEqual(patience, {
      clear: 10_000,
      handshake: 30_000,
      connect: 11_000,
      idle: 12_000,
      session: 13_000,
    });
  });
});

describe('what cannot be', () => {
  const refused: readonly [how: string, flags: GatewayFlags, because: readonly RegExp[]][] = [
    ['FTP', { ...imap, protocol: 'ftp' }, [/^--protocol cannot be "ftp": .*data connections/]],
    ['a protocol that is none', { ...imap, protocol: 'http' }, [/^--protocol must be "smtp" or .*"mysql"$/]],
    [
      'nowhere to listen',
      { protocol: 'imap', backend: '127.0.0.1:1' },
      [/^--listen is missing, and so is --tls-listen$/],
    ],
    ['a name in front', { ...imap, backend: 'mail.test:143' }, [/^--backend cannot be the name mail\.test/]],
    [
      'clear logins',
      { ...imap, protocol: 'smtp', requireTls: true, listen: '0.0.0.0:25' },
      [/^--require-tls port 25 .*RFC 3207 §4/],
    ],
    ['XCLIENT in IMAP', { ...imap, xclient: true }, [/^--xclient is not part of imap$/]],
    [
      'rules for certificates that nobody vouches for',
      { ...imap, clientCertificate: 'required', clientAllow: ['a.test'] },
      [/^--client-certificate needs --client-ca/, /^--client-allow needs --client-ca/],
    ],
    ['suites that are none', { ...imap, ciphers: 'NONSENSE' }, [/^--ciphers is not taken by OpenSSL/]],
    ['groups that are none', { ...imap, groups: 'NONSENSE' }, [/^--groups is not taken by OpenSSL/]],
    ['a number that is none', { ...imap, connections: 'many' }, [/^--connections must be a whole number/]],
    ['a duration that is none', { ...imap, idleTimeout: '5' }, [/^--idle-timeout "5" is not a duration/]],
    [
      'a server that is verified in front',
      { ...imap, serverName: 'a.test' },
      [/^--server-name is only for reverse/],
    ],
    [
      'plain clients over the network',
      { ...toUpstream, listen: '192.0.2.1:143' },
      [/^--listen cannot be 192\.0\.2\.1 with --reverse/],
    ],
    [
      'a reverse that proves nobody',
      { protocol: 'imap', reverse: true, listen: '127.0.0.1:1', backend: 'a.test:143' },
      [/^--server-name is missing: with --reverse/],
    ],
    [
      'what only a front has',
      {
        ...toUpstream,
        tlsListen: '127.0.0.1:2',
        proxyProtocol: 'v1',
        clientCa: 'x',
        ciphers: 'DEFAULT',
        requireTls: true,
        xclient: true,
      },
      [
        /^--tls-listen cannot be given with --reverse/,
        /^--require-tls cannot be given with --reverse$/,
        /^--proxy-protocol cannot be given with --reverse$/,
        /^--client-ca cannot be given with --reverse$/,
        /^--ciphers cannot be given with --reverse$/,
        /^--xclient cannot be given with --reverse$/,
      ],
    ],
    [
      'a unix socket that is reached by TLS',
      { ...toUpstream, backend: 'unix:/run/x' },
      [/^--backend cannot be a unix socket with --reverse/],
    ],
    ['a name that would not stand in a label', { ...imap, name: 'a b' }, [/^--name must be 1 to 64 letters/]],
  ];
  for (const [how, flags, because] of refused) {
    it(how, () => {
      const read = gatewayOfFlags(flags);
      assert.ok(read.kind === 'invalid', 'it is taken');
      assert.equal(read.because.length, because.length, read.because.join('\n'));
      for (const [index, pattern] of because.entries()) assert.match(read.because[index] ?? '', pattern);
    });
  }
});
