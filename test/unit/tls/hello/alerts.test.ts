import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alertName, readAlert } from '../../../../src/tls/hello/alerts.ts';

describe('alerts', () => {
  it('have the names of RFC 8446 §6, RFC 5246 §7.2 and RFC 7507 §2', () => {
    const found = [0, 40, 41, 70, 86, 112].map(alertName);
    const names = ['close_notify', 'handshake_failure', 'no_certificate', 'protocol_version'];
    assert.deepEqual(found, [...names, 'inappropriate_fallback', 'unrecognized_name']);
    assert.equal(alertName(99), 'alert 99');
  });

  it('have one of two levels', () => {
    assert.deepEqual(readAlert(1, 0, 0x0303), { level: 'warning', code: 0, recordVersion: 0x0303 });
    assert.deepEqual(readAlert(2, 40, 0x0301), { level: 'fatal', code: 40, recordVersion: 0x0301 });
    assert.equal(readAlert(0, 40, 0x0301), undefined);
    assert.equal(readAlert(3, 40, 0x0301), undefined);
  });
});
