import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Registry } from 'prom-client';
import { showWebhooks } from '../../../../src/relay/webhooks/metrics.ts';
import type { WebhookStatus } from '../../../../src/relay/webhooks/webhooks.ts';
import { readExposition } from '../../../support/exposition.ts';

it('shows what waits and what is dead, by webhook, as it is when somebody looks', async () => {
  const registry = new Registry();
  const status: WebhookStatus = {
    webhook: 'shop',
    waiting: { batches: 2, events: 150, octets: 9, oldestAt: 10_000 },
    dead: { batches: 1, events: 3, octets: 9 },
    ended: null,
    sender: null,
  };
  let webhooks: readonly WebhookStatus[] = [status];
  showWebhooks(registry, { list: () => Promise.resolve(webhooks) }, () => 70_000);
  const page = async () => Object.fromEntries(readExposition(await registry.metrics()));
  assert.deepEqual(await page(), {
    'waxwing_webhook_oldest_seconds{webhook="shop"}': 60,
    'waxwing_webhook_events{webhook="shop",state="waiting"}': 150,
    'waxwing_webhook_events{webhook="shop",state="dead"}': 3,
  });
  webhooks = [{ ...status, waiting: { batches: 0, events: 0, octets: 0, oldestAt: null } }];
  assert.equal((await page())['waxwing_webhook_oldest_seconds{webhook="shop"}'], 0);
  webhooks = [];
  assert.deepEqual(await page(), {}, 'one that is gone is not shown');
});
