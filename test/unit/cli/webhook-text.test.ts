import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDead, formatReplayed, formatRevived, formatWebhooks } from '../../../src/cli/webhook-text.ts';
import type { ShownWebhook } from '../../../src/relay/control-webhooks.ts';

const shop: ShownWebhook = {
  name: 'shop',
  url: 'https://hooks.example.test/mail',
  state: 'idle',
  because: null,
  nextAt: null,
  waiting: { batches: 0, events: 0, octets: 0, oldestAt: null },
  dead: { batches: 0, events: 0, octets: 0 },
  sent: 7,
};

describe('webhooks as a person reads them', () => {
  it('a line for each', () => {
    const waiting: ShownWebhook = {
      ...shop,
      name: 'crm',
      state: 'waiting',
      because: 'the receiver\u001b[2J answered 500',
      nextAt: '2026-11-28T12:05:00.000Z',
      waiting: { batches: 2, events: 150, octets: 9, oldestAt: '2026-11-28T11:00:00.000Z' },
    };
    const off: ShownWebhook = { ...shop, name: 'off', state: 'ended', because: 'the receiver answered 410' };
    const gone: ShownWebhook = { ...shop, name: 'old', url: null, state: 'unknown', sent: 0 };
    assert.equal(
      formatWebhooks([shop, waiting, off, gone]),
      `WEBHOOK  STATE                               WAITING  SINCE                 DEAD  SENT  WHY
shop     idle                                0        -                     0     7     https://hooks.example.test/mail
crm      waiting until 2026-11-28T12:05:00Z  150      2026-11-28T11:00:00Z  0     7     the receiver [2J answered 500
off      switched off                        0        -                     0     7     the receiver answered 410
old      not in the configuration            0        -                     0     0     -
`,
    );
    assert.equal(formatWebhooks([]), 'there is no webhook\n');
  });

  it('what was replayed', () => {
    const all = { events: 2, from: '2026-11-28T11:00:00.000Z', to: '2026-11-28T12:00:00.000Z' };
    assert.equal(
      formatReplayed({ ...all, ended: 'all' }),
      '2 events are sent once more, from 2026-11-28T11:00:00.000Z to 2026-11-28T12:00:00.000Z\n',
    );
    assert.match(formatReplayed({ ...all, events: 1, ended: 'all' }), /^1 event is sent once more, from /);
    assert.match(formatReplayed({ ...all, ended: 'full' }), /; then the outbox was full: replay the rest/);
    assert.match(formatReplayed({ events: 0, from: null, to: null, ended: 'all' }), /has no such events/);
  });

  it('what is dead, with where it goes on', () => {
    const letter = {
      id: 'msg_1',
      events: 3,
      attempts: 6,
      at: '2026-11-28T11:00:00.000Z',
      deadAt: '2026-11-28T12:00:00.000Z',
      because: 'the receiver answered 422',
    };
    assert.equal(
      formatDead({ letters: [letter], after: 9 }),
      `WEBHOOK-ID  EVENTS  ATTEMPTS  FROM                  DEAD SINCE            WHY
msg_1       3       6         2026-11-28T11:00:00Z  2026-11-28T12:00:00Z  the receiver answered 422
there are more: --after 9
`,
    );
    assert.equal(formatDead({ letters: [], after: null }), 'there are no dead letters\n');
    assert.equal(
      formatRevived({ batches: 1, events: 3 }),
      '3 events are sent once more; what waits is tried now\n',
    );
    assert.equal(
      formatRevived({ batches: 0, events: 0 }),
      'there were no dead letters; what waits is tried now\n',
    );
  });
});
