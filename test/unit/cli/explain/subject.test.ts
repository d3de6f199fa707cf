import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSubject, showSubject } from '../../../../src/cli/explain/subject.ts';

describe('what is asked about', () => {
  for (const [text, kind, shown] of [
    ['example.com', 'recipients', 'example.com'],
    ['EXAMPLE.com.', 'recipients', 'example.com'],
    ['bücher.example', 'recipients', 'xn--bcher-kva.example'],
    ['192.0.2.1', 'recipients', '[192.0.2.1]'],
    ['[192.0.2.1]', 'recipients', '[192.0.2.1]'],
    ['2001:DB8::1', 'recipients', '[IPv6:2001:db8::1]'],
    ['[IPv6:2001:db8::1]', 'recipients', '[IPv6:2001:db8::1]'],
    ['[2001:db8::1]', 'recipients', '[IPv6:2001:db8::1]'],
    ['[mail.example.net]', 'next-hop', '[mail.example.net]:25'],
    ['[mail.example.net]:587', 'next-hop', '[mail.example.net]:587'],
    ['mail.example.net:587', 'next-hop', '[mail.example.net]:587'],
    ['[192.0.2.1]:2525', 'next-hop', '[192.0.2.1]:2525'],
    ['192.0.2.1:2525', 'next-hop', '[192.0.2.1]:2525'],
    ['[2001:db8::1]:25', 'next-hop', '[2001:db8::1]:25'],
    ['[bücher.example]', 'next-hop', '[xn--bcher-kva.example]:25'],
  ] as const) {
    it(`${text} is ${shown}`, () => {
      const subject = parseSubject(text);
      assert.ok(subject.kind === 'ok', JSON.stringify(subject));
      assert.equal(subject.value.kind, kind);
      assert.equal(showSubject(subject.value), shown);
      // What is shown can be asked about again, and means the same.
      assert.deepEqual(parseSubject(shown), subject);
    });
  }

  for (const [text, because] of [
    ['', /is empty/],
    ['anna@example.com', /address of a mailbox; ask for its domain: waxwing explain example\.com$/],
    ['https://example.com/', /neither a domain nor a next hop such as \[mail\.example\.net\]:587/],
    ['smtp://mail.example.net:25', /neither a domain nor a next hop/],
    ['ex ample.com', /is not a domain label/],
    ['1.2.3', /last label is a number/],
    ['[mail.example.net', /not host:port|not a domain/],
    ['[]', /is empty/],
    ['[mail.example.net]:0', /is not a port/],
    ['mail.example.net:99999', /is not a port/],
    ['[192.0.2.1]x', /not a domain label|not host:port/],
    ['[IPv6:fe80::1%eth0]', /is not an IPv4 or IPv6 address literal/],
  ] as const) {
    it(`${JSON.stringify(text)} is none`, () => {
      const subject = parseSubject(text);
      assert.ok(subject.kind === 'invalid', JSON.stringify(subject));
      assert.match(subject.because, because);
    });
  }
});
