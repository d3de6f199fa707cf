import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  SSL_2,
  SSL_3,
  TLS_1_0,
  TLS_1_1,
  TLS_1_2,
  TLS_1_3,
  versionName,
} from '../../../../src/tls/hello/versions.ts';

describe('versions', () => {
  it('have the names of OpenSSL, and no others have one', () => {
    const names = [SSL_2, SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3].map(versionName);
    assert.deepEqual(names, ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']);
    assert.equal(versionName(0x0305), undefined);
    assert.equal(versionName(0), undefined);
  });
});
