import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alertOf, lateness, NetworkError, networkError, wordsOf } from '../../../src/net/error.ts';

describe("the system's errors", () => {
  for (const [code, fault] of [
    ['ECONNREFUSED', 'refused'],
    ['ETIMEDOUT', 'timeout'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['EADDRNOTAVAIL', 'unreachable'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['EMFILE', 'failed'],
  ] as const) {
    it(`${code} is ${fault}, said with what was attempted, the cause kept`, () => {
      const cause = Object.assign(new Error(`connect ${code}`), { code });
      const error = networkError('connecting to mx.test', cause);
      assert.ok(error instanceof NetworkError);
      assert.equal(error.code, fault);
      assert.equal(error.message, `connecting to mx.test: connect ${code}`);
      assert.equal(error.cause, cause);
    });
  }
});

describe('words', () => {
  it('of OpenSSL are its reason, not the line of its log', () => {
    const error = Object.assign(
      new Error('00AB:error:0A00010B:SSL routines::wrong version number:x.c:78:\n'),
      {
        reason: 'wrong version number',
      },
    );
    assert.equal(wordsOf(error), 'wrong version number');
  });

  it('of anything else are its message, or the thing itself', () => {
    assert.equal(wordsOf(new Error('no')), 'no');
    assert.equal(wordsOf('no'), 'no');
  });
});

describe('alerts of TLS, by the code that Node makes of the reason of OpenSSL', () => {
  for (const [code, alert] of [
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'handshake failure'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'handshake failure'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'protocol version'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate required'],
    ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'unrecognized name'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', undefined],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', undefined],
    ['ECONNRESET', undefined],
  ] as const) {
    it(`${code}: ${alert ?? 'none'}`, () => {
      const cause = Object.assign(new Error('x'), { code });
      assert.equal(alertOf(networkError('talking', cause)), alert);
    });
  }

  it('none where there is no cause', () =>
    assert.equal(alertOf(new NetworkError('timeout', 'x')), undefined));
});

describe('a wait that is over says for whom, for what and how long', () => {
  for (const [what, text] of [
    ['greeting', 'mx.test did not answer (greeting) within 1.5 s'],
    ['handshake', 'the TLS handshake with mx.test was not done after 1.5 s'],
    ['hello', 'mx.test said nothing within 1.5 s of our ClientHello'],
    ['content', 'mx.test did not take more of the message within 1.5 s'],
  ] as const) {
    it(text, () => {
      const error = lateness('mx.test', what, 1_500);
      assert.equal(error.message, text);
      assert.equal(error.code, 'timeout');
    });
  }
});
