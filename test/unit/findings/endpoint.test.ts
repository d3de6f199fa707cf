import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkProtocols, type Endpoint, endpointKey } from '../../../src/findings/endpoint.ts';
import { startTlsProtocols } from '../../../src/protocols/dialogue-of.ts';

const door: Endpoint = {
  address: '192.0.2.1',
  port: 25,
  protocol: 'smtp',
  tls: 'starttls',
  serverName: 'mx1.example.test',
};

describe('doors', () => {
  it('every protocol that can be upgraded can be checked', () => {
    assert.deepEqual(Object.keys(checkProtocols).toSorted(), startTlsProtocols.toSorted());
  });

  it('are the same only where everything is: the certificate depends on the name that is asked for', () => {
    const others: readonly Partial<Endpoint>[] = [
      {},
      { address: '192.0.2.2' },
      { port: 587 },
      { protocol: 'submission' },
      { tls: 'implicit' },
      { serverName: 'mx2.example.test' },
      { serverName: null },
    ];
    const keys = others.map((change) => endpointKey({ ...door, ...change }));
    assert.equal(new Set(keys).size, others.length);
    assert.equal(endpointKey({ ...door }), keys[0]);
  });
});
