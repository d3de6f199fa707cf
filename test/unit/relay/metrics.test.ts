import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import { returnedEvent } from '../../../src/events/returned-event.ts';
import { relayMetrics, showRememberedTls, showSuppressed } from '../../../src/relay/metrics.ts';
import type { QueueFigures } from '../../../src/store/queue-figures.ts';
import { readExposition } from '../../support/exposition.ts';

const nothing: QueueFigures = { openMessages: 0, oldestSince: null, heldByCause: [], pausedDestinations: 0 };

function setting() {
  const registry = new Registry();
  const state = { figures: nothing, now: 1_000_000, asked: 0 };
  const metrics = relayMetrics({
    registry,
    figures() {
      state.asked += 1;
      return state.figures;
    },
    now: () => state.now,
  });
  const read = async (): Promise<ReadonlyMap<string, number>> => readExposition(await registry.metrics());
  return { state, metrics, read };
}

function event(part: Partial<DeliveryEvent>, tls: Partial<DeliveryEvent['tls']> = {}): DeliveryEvent {
  const how = {
    outcome: 'authenticated',
    required: 'authenticate',
    by: 'dane',
    because: '',
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    group: 'X25519MLKEM768',
    certificateSha256: null,
    peerName: null,
    tlsa: null,
    ...tls,
  } as const;
  return {
    event: 'delivered',
    id: 'id',
    at: '2026-11-28T12:00:00.000Z',
    from: 'a@near.test',
    to: 'b@far.test',
    mx: null,
    reply: null,
    attempt: 1,
    tls: how,
    nextAttemptAt: null,
    ...part,
  };
}

describe('relayMetrics', () => {
  it('counts what the memory of TLS has noticed', async () => {
    const { metrics, read } = setting();
    const at = (change: string): string => `waxwing_memory_changes_total{change="${change}"}`;
    const before = await read();
    assert.deepEqual([before.get(at('fell_short')), before.get(at('gave_way'))], [0, 0]);
    metrics.remembered({ kind: 'stands-against' });
    metrics.remembered({ kind: 'stands-against' });
    metrics.remembered({ kind: 'gave-way' });
    const all = await read();
    assert.deepEqual([all.get(at('fell_short')), all.get(at('gave_way'))], [2, 1]);
  });

  it('counts logins that fail, and clients that are locked out for it', async () => {
    const { read, metrics } = setting();
    metrics.login({ kind: 'failed', mechanism: 'EXTERNAL', reason: 'certificate' });
    metrics.login({ kind: 'lockout' });
    const all = await read();
    assert.equal(all.get('waxwing_login_failures_total{mechanism="EXTERNAL",reason="certificate"}'), 1);
    assert.equal(all.get('waxwing_login_failures_total{mechanism="PLAIN",reason="password"}'), 0);
    assert.equal(all.get('waxwing_login_lockouts_total'), 1);
  });

  it('is text that a strict reader takes, with zeros before anything has happened', async () => {
    const { read } = setting();
    const all = await read();
    assert.equal(all.get('waxwing_events_total{event="delivered",outcome="none",by="none"}'), 0);
    assert.equal(all.get('waxwing_dns_answers_total{status="bogus"}'), 0);
    assert.equal(all.get('waxwing_tlsrpt_datagrams_total{kind="unusable"}'), 0);
    assert.equal(all.get('waxwing_queue_messages'), 0);
    assert.ok([...all.keys()].some((name) => name.startsWith('nodejs_eventloop_lag')));
  });

  it('counts events by outcome and layer, and TLS by version and group', async () => {
    const { metrics, read } = setting();
    metrics.events([event({}), event({}), event({ event: 'blocked' }, { outcome: null, by: 'sts' })]);
    metrics.events([event({ event: 'received' }, { group: null, outcome: 'encrypted', by: 'default' })]);
    const all = await read();
    assert.equal(all.get('waxwing_events_total{event="delivered",outcome="authenticated",by="dane"}'), 2);
    assert.equal(all.get('waxwing_events_total{event="blocked",outcome="none",by="sts"}'), 1);
    const tls = 'waxwing_tls_recipients_total{direction=';
    assert.equal(all.get(`${tls}"out",version="TLSv1.3",group="X25519MLKEM768"}`), 2);
    assert.equal(all.get(`${tls}"in",version="TLSv1.3",group="unknown"}`), 1);
  });

  it('what a peer chooses makes no label of its own', async () => {
    const { metrics, read } = setting();
    const before = (await read()).size;
    for (let n = 0; n < 100; n += 1)
      metrics.events([event({ to: `b@d${n}.test` }, { version: `SSLv${n}`, group: `g${n}` })]);
    for (let n = 0; n < 100; n += 1) {
      const policy = { type: 'sts', domain: `d${n}.test`, strings: [], mxHosts: [] } as const;
      metrics.session(
        { domain: `d${n}.test`, record: null, policies: [{ policy, failures: [], final: 'success' }] },
        'postfix',
      );
    }
    const all = await read();
    assert.equal(all.get('waxwing_tls_recipients_total{direction="out",version="other",group="other"}'), 100);
    assert.equal(all.get('waxwing_tls_sessions_total{source="postfix",policy="sts",result="success"}'), 100);
    assert.ok(all.size <= before + 3, `${all.size} after ${before}`);
  });

  it('reads the queue when somebody looks, and not more often than every ten seconds', async () => {
    const { state, read } = setting();
    state.figures = {
      openMessages: 7,
      oldestSince: 400_000,
      heldByCause: [
        { cause: 'certificate-expired', recipients: 2 },
        { cause: 'something new', recipients: 1 },
        { cause: 'something else', recipients: 3 },
      ],
      pausedDestinations: 1,
    };
    const all = await read();
    await read();
    assert.equal(state.asked, 1);
    assert.equal(all.get('waxwing_queue_messages'), 7);
    assert.equal(all.get('waxwing_queue_oldest_seconds'), 600);
    assert.equal(all.get('waxwing_queue_paused_destinations'), 1);
    assert.equal(all.get('waxwing_queue_held_recipients{cause="certificate-expired"}'), 2);
    assert.equal(all.get('waxwing_queue_held_recipients{cause="other"}'), 4);
    state.now += 10_000;
    state.figures = nothing;
    const later = await read();
    assert.equal(later.get('waxwing_queue_oldest_seconds'), 0);
    assert.equal(later.get('waxwing_queue_held_recipients{cause="other"}'), undefined);
  });

  it('has the time of commits as a histogram', async () => {
    const { metrics, read } = setting();
    metrics.stored('accept', 0.003);
    const all = await read();
    assert.equal(all.get('waxwing_store_seconds_bucket{le="0.0025",call="accept"}'), 0);
    assert.equal(all.get('waxwing_store_seconds_bucket{le="0.005",call="accept"}'), 1);
    assert.equal(all.get('waxwing_store_seconds_count{call="accept"}'), 1);
  });
});

describe('mail that came back', () => {
  it('is counted by what its report says, and by what the address proves', async () => {
    const { metrics, read } = setting();
    assert.equal((await read()).get('waxwing_returned_total{action="failed",proof="ours"}'), 0);
    const facts = {
      id: 'm1',
      at: '2026-11-29T00:00:00.000Z',
      from: '',
      to: 'a+b=c.test@own.test',
      sender: 'a@own.test',
      recipient: 'b@c.test',
      proof: 'forged',
      action: null,
      status: null,
      diagnostic: null,
      remoteMta: null,
      reportingMta: null,
      envelopeId: null,
      counted: false,
    } as const;
    metrics.events([returnedEvent(facts), returnedEvent({ ...facts, proof: 'ours', action: 'failed' })]);
    const all = await read();
    assert.equal(all.get('waxwing_returned_total{action="failed",proof="ours"}'), 1);
    assert.equal(all.get('waxwing_returned_total{action="none",proof="forged"}'), 1);
    assert.equal(all.get('waxwing_events_total{event="returned",outcome="none",by="none"}'), 2);
  });

  it('tells for how many recipients no more is taken', async () => {
    const registry = new Registry();
    showSuppressed(registry, () => 7);
    assert.match(await registry.metrics(), /^waxwing_suppressed_recipients 7$/m);
  });
});

describe('showRememberedTls', () => {
  it('counts by kind, without the name of a host', async () => {
    const registry = new Registry();
    const broken = {
      kind: 'broken',
      host: 'mx.far.test',
      address: '192.0.2.1',
      port: 25,
      since: 0,
      until: 1,
      failures: 5,
      because: 'x',
    } as const;
    let remembered: Parameters<typeof showRememberedTls>[1] = () => [];
    showRememberedTls(registry, () => remembered());
    const read = async (): Promise<ReadonlyMap<string, number>> => readExposition(await registry.metrics());
    assert.equal((await read()).get('waxwing_tls_remembered_hosts{kind="broken"}'), 0);
    remembered = () => [broken, broken, { ...broken, kind: 'small-hello' }];
    const seen = await read();
    assert.equal(seen.get('waxwing_tls_remembered_hosts{kind="broken"}'), 2);
    assert.equal(seen.get('waxwing_tls_remembered_hosts{kind="small-hello"}'), 1);
    assert.ok(!(await registry.metrics()).includes('mx.far.test'));
  });
});
