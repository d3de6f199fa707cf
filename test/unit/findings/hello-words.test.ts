import assert from 'node:assert/strict';
import { it } from 'node:test';
import { showAnswer, showSession, showVersion } from '../../../src/findings/hello-words.ts';

it('sessions, and versions that nobody knows', () => {
  assert.equal(showSession({ version: 0x0303, suite: 0x002f }), 'TLSv1.2, TLS_RSA_WITH_AES_128_CBC_SHA');
  assert.equal(showSession({ version: 0x0304, suite: 0xfefd }), 'TLSv1.3, 0xfefd');
  assert.equal(showVersion(0x0399), 'version 0x0399');
});

it('answers, as a sentence goes on', () => {
  const chain: Uint8Array[] = [];
  assert.equal(showAnswer({ result: 'refused', alert: 40 }), 'the alert handshake_failure');
  assert.equal(showAnswer({ result: 'refused', alert: null }), 'the end of the connection, without a word');
  assert.equal(
    showAnswer({ result: 'retry', group: 0x11ec, suite: 0x1301 }),
    'a HelloRetryRequest for X25519MLKEM768',
  );
  assert.equal(showAnswer({ result: 'retry', group: null, suite: 0x1301 }), 'a HelloRetryRequest');
  assert.equal(showAnswer({ result: 'sslv2', cipherKinds: [], chain }), 'a SERVER-HELLO of SSL 2.0');
  assert.equal(showAnswer({ result: 'broken', because: 'a record of type 99' }), 'a record of type 99');
  assert.equal(showAnswer({ result: 'not-offered' }), 'no offer of STARTTLS');
});
