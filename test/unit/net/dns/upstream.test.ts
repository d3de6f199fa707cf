import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseUpstream, showUpstream, systemUpstreams } from '../../../../src/net/dns/upstream.ts';

const plain = { transport: { kind: 'plain' } };
const named = (name: string): object => ({ kind: 'name', name });

describe('a resolver is named', () => {
  const cases: readonly (readonly [text: string, upstream: object, shown: string])[] = [
    ['192.0.2.53', { address: '192.0.2.53', port: 53, ...plain }, '192.0.2.53:53'],
    ['192.0.2.53:5353', { address: '192.0.2.53', port: 5353, ...plain }, '192.0.2.53:5353'],
    ['2001:db8::53', { address: '2001:db8::53', port: 53, ...plain }, '[2001:db8::53]:53'],
    ['[2001:DB8::53]:5353', { address: '2001:db8::53', port: 5353, ...plain }, '[2001:db8::53]:5353'],
    ['fe80::1%eth0', { address: 'fe80::1%eth0', port: 53, ...plain }, '[fe80::1%eth0]:53'],
    [
      'tls://192.0.2.53#dns.example',
      { address: '192.0.2.53', port: 853, transport: { kind: 'tls', host: named('dns.example') } },
      'tls://192.0.2.53:853',
    ],
    [
      'tls://[2001:db8::53]:8853#dns.example',
      { address: '2001:db8::53', port: 8853, transport: { kind: 'tls', host: named('dns.example') } },
      'tls://[2001:db8::53]:8853',
    ],
    [
      'tls://192.0.2.53',
      {
        address: '192.0.2.53',
        port: 853,
        transport: { kind: 'tls', host: { kind: 'ip', address: '192.0.2.53' } },
      },
      'tls://192.0.2.53:853',
    ],
    [
      'https://dns.example/dns-query@192.0.2.53',
      {
        address: '192.0.2.53',
        port: 443,
        transport: {
          kind: 'https',
          host: named('dns.example'),
          authority: 'dns.example',
          path: '/dns-query',
        },
      },
      'https://dns.example/dns-query',
    ],
    [
      'https://dns.example:8443/dns-query{?dns}@2001:db8::53',
      {
        address: '2001:db8::53',
        port: 8443,
        transport: {
          kind: 'https',
          host: named('dns.example'),
          authority: 'dns.example:8443',
          path: '/dns-query',
        },
      },
      'https://dns.example:8443/dns-query',
    ],
    [
      'https://192.0.2.53/',
      {
        address: '192.0.2.53',
        port: 443,
        transport: {
          kind: 'https',
          host: { kind: 'ip', address: '192.0.2.53' },
          authority: '192.0.2.53',
          path: '/',
        },
      },
      'https://192.0.2.53/',
    ],
    [
      'https://[2001:db8::53]:8443/q?x=1',
      {
        address: '2001:db8::53',
        port: 8443,
        transport: {
          kind: 'https',
          host: { kind: 'ip', address: '2001:db8::53' },
          authority: '[2001:db8::53]:8443',
          path: '/q?x=1',
        },
      },
      'https://[2001:db8::53]:8443/q?x=1',
    ],
  ];
  for (const [text, upstream, shown] of cases) {
    it(text, () => {
      const parsed = parseUpstream(text);
      assert.deepEqual(parsed, { kind: 'ok', value: upstream });
      assert.equal(parsed.kind === 'ok' && showUpstream(parsed.value), shown);
    });
  }
});

describe('what is no resolver is refused', () => {
  for (const text of [
    '',
    'dns.example',
    '192.0.2.53:0',
    '192.0.2.53:65536',
    '192.0.2',
    'tls://dns.example',
    'tls://192.0.2.53#',
    'tls://192.0.2.53#a..b',
    'tls://192.0.2.53#a#b',
    'https://dns.example',
    'https://dns.example/dns query@192.0.2.53',
    'https://dns.example/q@192.0.2.53@192.0.2.54',
    'https://dns.example/q@other.example',
    'https://user@dns.example/q',
    'http://192.0.2.53/q',
    'udp://192.0.2.53',
    ' 192.0.2.53',
  ]) {
    it(JSON.stringify(text), () => assert.equal(parseUpstream(text).kind, 'invalid'));
  }

  it('a host of HTTPS without its address: nobody could be asked for it', () => {
    const parsed = parseUpstream('https://dns.example/dns-query');
    assert.match(parsed.kind === 'invalid' ? parsed.because : '', /does not say where dns\.example is/);
  });
});

it('the system always has at least one', () => {
  const upstreams = systemUpstreams();
  assert.ok(upstreams.length > 0);
  for (const { transport, port } of upstreams) {
    assert.equal(transport.kind, 'plain');
    assert.ok(port > 0);
  }
});
