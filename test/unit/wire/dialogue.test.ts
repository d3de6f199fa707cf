import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PeerError, printable } from '../../../src/wire/dialogue.ts';

describe('PeerError', () => {
  it('keeps a bounded copy of what offended', () => {
    const bytes = Buffer.alloc(10_000, 'x');
    const error = new PeerError('malformed', 'mx.example.test sent rubbish', bytes);
    bytes.fill('y');
    assert.equal(Buffer.from(error.evidence).toString(), 'x'.repeat(512));
    assert.deepEqual(
      [error.name, error.code, error.message],
      ['PeerError', 'malformed', 'mx.example.test sent rubbish'],
    );
  });

  it('needs no evidence', () => assert.equal(new PeerError('closed', 'gone').evidence.length, 0));
});

describe('printable', () => {
  it('shows printable ASCII as it is and escapes the rest, so that a peer cannot write into a log', () => {
    assert.equal(printable('250 ok ~'), '250 ok ~');
    assert.equal(printable('a\r\nb\0\x1b[31m\x7f\xe9'), 'a\\r\\nb\\x00\\x1b[31m\\x7f\\xe9');
    assert.equal(printable(Buffer.from([0x41, 0x0d, 0xff])), 'A\\r\\xff');
  });
});
