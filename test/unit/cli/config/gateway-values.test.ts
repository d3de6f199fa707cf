import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatClientRule,
  parseBackend,
  parseClientRule,
} from '../../../../src/cli/config/gateway-values.ts';

describe('a backend', () => {
  const good: readonly [text: string, value: unknown][] = [
    ['127.0.0.1:143', { kind: 'tcp', host: { kind: 'ip', address: '127.0.0.1' }, port: 143 }],
    ['[::1]:143', { kind: 'tcp', host: { kind: 'ip', address: '::1' }, port: 143 }],
    ['localhost:143', { kind: 'tcp', host: { kind: 'name', name: 'localhost' }, port: 143 }],
    ['unix:/run/imap.sock', { kind: 'unix', path: '/run/imap.sock' }],
    [`unix:/${'x'.repeat(106)}`, { kind: 'unix', path: `/${'x'.repeat(106)}` }],
  ];
  for (const [text, value] of good) {
    it(text, () => assert.deepEqual(parseBackend(text), { kind: 'ok', value }));
  }
  const bad: readonly [text: string, because: RegExp][] = [
    ['127.0.0.1', /names no port/],
    ['::1:143', /is not host:port/],
    ['127.0.0.1:0', /0 is not a port/],
    ['unix:run/imap.sock', /is not unix: and an absolute path/],
    ['unix:', /is not unix: and an absolute path/],
    ['unix:/a\0b', /is not unix: and an absolute path/],
    [`unix:/${'x'.repeat(107)}`, /is longer than 107 octets/],
  ];
  for (const [text, because] of bad) {
    it(`not ${JSON.stringify(text)}`, () => {
      const parsed = parseBackend(text);
      assert.ok(parsed.kind === 'invalid');
      assert.match(parsed.because, because);
    });
  }
});

describe('a rule for clients', () => {
  const digest = 'AB'.repeat(32);
  for (const [text, shown] of [
    ['client.example.net', 'client.example.net'],
    ['192.0.2.1', '192.0.2.1'],
    [`sha256:${digest}`, `sha256:${digest.toLowerCase()}`],
    [`SHA256:${digest.replace(/..(?=.)/g, '$&:')}`, `sha256:${digest.toLowerCase()}`],
  ] as const) {
    it(text, () => {
      const parsed = parseClientRule(text);
      assert.ok(parsed.kind === 'ok');
      assert.equal(formatClientRule(parsed.value), shown);
    });
  }
  for (const text of ['sha256:ab', `sha256:${digest}ab`, `sha256:${'xy'.repeat(32)}`, 'a b']) {
    it(`not ${text}`, () => assert.equal(parseClientRule(text).kind, 'invalid'));
  }
});
