import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { incomingMetrics } from '../../../src/relay/incoming-metrics.ts';
import { readExposition } from '../../support/exposition.ts';

const mx = { address: '::', port: 25, role: 'mx' } as const;
const submission = { address: '127.0.0.1', port: 587, role: 'submission' } as const;

describe('incomingMetrics', () => {
  it('counts sessions by listener, role and version of TLS, and what was refused by its reason', async () => {
    const registry = new Registry();
    const note = incomingMetrics(registry);
    note({ kind: 'session', listener: mx, tls: 'TLSv1.3' });
    note({ kind: 'session', listener: mx, tls: 'TLSv1.3' });
    note({ kind: 'session', listener: mx, tls: null });
    note({ kind: 'session', listener: submission, tls: 'TLSv1.2' });
    note({ kind: 'turned-away', listener: mx, reason: 'client-rate' });
    note({ kind: 'refused', listener: mx, status: '5.1.1' });
    const all = readExposition(await registry.metrics());
    const sessions = 'waxwing_incoming_sessions_total';
    assert.equal(all.get(`${sessions}{listener="[::]:25",role="mx",tls="TLSv1.3"}`), 2);
    assert.equal(all.get(`${sessions}{listener="[::]:25",role="mx",tls="none"}`), 1);
    assert.equal(all.get(`${sessions}{listener="127.0.0.1:587",role="submission",tls="TLSv1.2"}`), 1);
    const away = 'waxwing_incoming_turned_away_total';
    assert.equal(all.get(`${away}{listener="[::]:25",role="mx",reason="client-rate"}`), 1);
    const refusals = 'waxwing_incoming_refusals_total';
    assert.equal(all.get(`${refusals}{listener="[::]:25",role="mx",status="5.1.1"}`), 1);
  });

  it('what a client or a backend chooses makes no label of its own', async () => {
    const registry = new Registry();
    const note = incomingMetrics(registry);
    for (let n = 0; n < 100; n += 1) {
      note({ kind: 'refused', listener: mx, status: `5.9.${n}` });
      note({ kind: 'session', listener: mx, tls: `SSLv${n}` });
    }
    note({ kind: 'refused', listener: mx, status: null });
    const all = readExposition(await registry.metrics());
    assert.equal(all.size, 2);
    assert.equal(
      all.get('waxwing_incoming_refusals_total{listener="[::]:25",role="mx",status="other"}'),
      101,
    );
  });
});
