/** What webhooks have to send, for Prometheus. The labels are the operator's own names. */
import { Gauge, type Registry } from 'prom-client';
import type { Webhooks } from './webhooks.ts';

/** @param now milliseconds since 1970. */
export function showWebhooks(registry: Registry, { list }: Pick<Webhooks, 'list'>, now: () => number): void {
  const registers = [registry];
  // Each gauge asks for itself: they are collected side by side.
  const oldest: Gauge = new Gauge({
    name: 'waxwing_webhook_oldest_seconds',
    help: 'Age of the oldest request that waits, by webhook.',
    labelNames: ['webhook'],
    registers,
    async collect() {
      const webhooks = await list();
      oldest.reset();
      for (const { webhook, waiting } of webhooks) {
        const age = waiting.oldestAt === null ? 0 : Math.max(0, now() - waiting.oldestAt);
        oldest.set({ webhook }, age / 1000);
      }
    },
  });
  const events: Gauge = new Gauge({
    name: 'waxwing_webhook_events',
    help: 'Events that wait or are dead letters, by webhook.',
    labelNames: ['webhook', 'state'],
    registers,
    async collect() {
      const webhooks = await list();
      events.reset();
      for (const { webhook, waiting, dead } of webhooks) {
        events.set({ webhook, state: 'waiting' }, waiting.events);
        events.set({ webhook, state: 'dead' }, dead.events);
      }
    },
  });
}
