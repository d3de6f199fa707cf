import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeliveryEvent, EventTls } from '../../../src/events/delivery-event.ts';
import { lastWord } from '../../../src/store/prepare.ts';
import { event } from '../../store/samples.ts';

const tls: EventTls = {
  outcome: null,
  required: 'encrypt',
  by: 'override',
  because: 'STARTTLS was not offered',
  version: null,
  cipher: null,
  group: null,
  certificateSha256: null,
  peerName: null,
  tlsa: null,
};
const reply = { code: 451, enhanced: null, text: 'Try later' };

describe('the last word on a recipient', () => {
  const table: readonly { why: string; events: readonly DeliveryEvent[]; word: string | null }[] = [
    { why: 'is null where nothing happened', events: [], word: null },
    { why: 'is what the far side said', events: [event('deferred', { reply, tls })], word: '451 Try later' },
    {
      why: 'is the evidence on TLS where that blocked it, whatever was said before',
      events: [event('blocked', { reply, tls })],
      word: 'STARTTLS was not offered',
    },
    {
      why: 'is that of the newest event',
      events: [event('blocked', { tls }), event('bounced', { reply })],
      word: '451 Try later',
    },
    {
      why: 'is that of the newest event that gives one',
      events: [event('blocked', { tls }), event('held')],
      word: 'STARTTLS was not offered',
    },
  ];
  for (const { why, events, word } of table) it(why, () => assert.equal(lastWord(events), word));
});
