import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { goodbyeTo } from '../../../../src/tls/hello/goodbye.ts';
import { readServerFlight } from '../../../../src/tls/hello/server-flight.ts';
import { recording } from './recordings.ts';

function goodbye(server: string, name: string, part = 1): string | null {
  const { question, octets } = recording(server, name);
  const said = goodbyeTo(readServerFlight(question.offer).take(octets.subarray(0, octets.length * part)));
  return said === null ? null : Buffer.from(said).toString('hex');
}

describe('goodbyeTo, RFC 8446 §6.1', () => {
  it('user_canceled and close_notify, each in a record of the version that was agreed on', () => {
    assert.equal(goodbye('Postfix', 'TLS 1.1'), '1503020002015a15030200020100');
    assert.equal(goodbye('OpenSSL 3.0.19', 'retry'), '1503030002015a15030300020100');
  });

  it('SSL 3.0 has no user_canceled (RFC 6101 §5.4)', () => {
    assert.equal(goodbye('NSS', 'SSL 3.0'), '15030000020100');
  });

  it('nothing to whoever has had the last word, was not heard, or encrypts', () => {
    assert.equal(goodbye('NSS', 'SSL 2.0'), null);
    assert.equal(goodbye('Postfix', 'TLS 1.1', 0), null);
    assert.equal(goodbye('OpenSSL 3.5.8', 'large'), null);
  });
});
