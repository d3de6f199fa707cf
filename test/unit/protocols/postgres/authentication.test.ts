import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { withoutChannelBinding } from '../../../../src/protocols/postgres/authentication.ts';
import { transcriptsIn } from '../../../support/transcript.ts';

/** AuthenticationSASL with these mechanisms. */
function sasl(...names: readonly string[]): Buffer {
  const body = Buffer.from(
    names
      .map((name) => `${name}\0`)
      .concat('\0')
      .join(''),
    'latin1',
  );
  const head = Buffer.from('R\0\0\0\0\0\0\0\x0a', 'latin1');
  head.writeUInt32BE(8 + body.length, 1);
  return Buffer.concat([head, body]);
}

describe("the server's request for a login", () => {
  it('loses mechanisms that are bound to the TLS, and nothing else', () => {
    const offered = sasl('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'OAUTHBEARER');
    const request = withoutChannelBinding(Buffer.concat([offered, Buffer.from('more')]));
    assert.equal(request.kind, 'request');
    assert.ok(request.kind === 'request');
    assert.equal(request.length, offered.length);
    assert.deepEqual(Buffer.from(request.bytes), sasl('SCRAM-SHA-256', 'OAUTHBEARER'));
  });

  it('of PostgreSQL 15 inside TLS becomes what it is in clear', () => {
    const recorded = transcriptsIn('recorded', 'postgresql-15', 'session');
    const [inTls, inClear] = ['login-in-tls', 'login-in-clear'].map((name) => {
      const entry = recorded.find((one) => one.name === name)?.entries.at(-1);
      assert.ok(entry?.kind === 'bytes' && entry.side === 'S');
      return entry.bytes;
    });
    assert.ok(inTls !== undefined && inClear !== undefined);
    const request = withoutChannelBinding(inTls);
    assert.ok(request.kind === 'request');
    assert.equal(request.length, inTls.length);
    assert.deepEqual(Buffer.from(request.bytes), inClear);
  });

  it('of the longest kind is read, one octet longer is not', () => {
    const head = (length: number): Buffer => {
      const bytes = Buffer.from('N\0\0\0\0', 'latin1');
      bytes.writeUInt32BE(length, 1);
      return bytes;
    };
    assert.equal(withoutChannelBinding(head(30_000)).kind, 'more');
    const whole = Buffer.concat([head(30_000), Buffer.alloc(29_996)]);
    assert.equal(withoutChannelBinding(whole).kind, 'before');
    assert.equal(withoutChannelBinding(head(30_001)).kind, 'impossible');
    assert.equal(withoutChannelBinding(head(3)).kind, 'impossible');
  });

  it('any octets: never a throw, never more than there is, and no binding in what goes on', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('R\0\0\0\x20\0\0\0\x0a', 'R\0\0\0\x08\0\0\0\x03', 'N', 'E', ''),
        fc.stringMatching(/^[A-Z\0-]{0,32}$/),
        (head, rest) => {
          const unread = Buffer.from(head + rest, 'latin1');
          const request = withoutChannelBinding(unread);
          if (request.kind !== 'request' && request.kind !== 'before') return;
          assert.ok(request.length <= unread.length);
          if (head.endsWith('\x0a'))
            assert.ok(!Buffer.from(request.bytes).toString('latin1').includes('-PLUS\0'));
        },
      ),
    );
  });
});
