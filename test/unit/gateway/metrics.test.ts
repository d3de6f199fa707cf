import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { gatewayMetrics } from '../../../src/gateway/metrics.ts';

/** The samples, without what explains them. */
async function samples(registry: Registry): Promise<readonly string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('the counters of gateways', () => {
  it('are there before anything happened, so that a rise from nothing shows', async () => {
    const registry = new Registry();
    gatewayMetrics(['imap', 'smtp'], registry);
    const lines = await samples(registry);
    assert.equal(lines.length, 2 * (1 + 7 + 1 + 3 + 2 + 1));
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(' 0')),
      [],
    );
  });

  it('count what happens, each by its gateway', async () => {
    const registry = new Registry();
    const counters = gatewayMetrics(['imap', 'smtp'], registry);
    counters.opened('imap');
    counters.opened('imap');
    counters.handshake('imap', 'TLSv1.3');
    counters.handshake('imap', null);
    counters.exposed('imap');
    counters.refused('smtp');
    counters.closed('imap', { by: 'backend', because: 'x', fromClient: 10, toClient: 2_000 });
    const lines = await samples(registry);
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(' 0')),
      [
        'waxwing_gateway_connections_open{gateway="imap"} 1',
        'waxwing_gateway_connections_total{gateway="imap",ended_by="backend"} 1',
        'waxwing_gateway_connections_refused_total{gateway="smtp"} 1',
        'waxwing_gateway_handshakes_total{gateway="imap",version="TLSv1.3"} 1',
        'waxwing_gateway_handshakes_total{gateway="imap",version="failed"} 1',
        'waxwing_gateway_octets_total{gateway="imap",direction="from_client"} 10',
        'waxwing_gateway_octets_total{gateway="imap",direction="to_client"} 2000',
        'waxwing_gateway_logins_exposed_total{gateway="imap"} 1',
      ],
    );
  });

  it('have no label that a client could make', async () => {
    const registry = new Registry();
    const counters = gatewayMetrics(['imap'], registry);
    for (let version = 0; version < 100; version++) counters.handshake('imap', `TLSv9.${version}`);
    const versions = (await samples(registry)).filter((line) => line.includes('version='));
    assert.deepEqual(versions.at(-1), 'waxwing_gateway_handshakes_total{gateway="imap",version="other"} 100');
    assert.equal(versions.length, 4);
  });
});
