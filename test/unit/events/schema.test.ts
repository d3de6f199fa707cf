import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { credentialExposed, type DeliveryEvent } from '../../../src/events/delivery-event.ts';
import { deliveryEventSchema, eventJsonSchema, eventSchema } from '../../../src/events/schema.ts';

const delivered: DeliveryEvent = {
  event: 'delivered',
  id: 'mwra1czlozpooic7',
  at: '2026-11-22T03:28:11.388Z',
  from: 'a@sender.test',
  to: 'b@example.test',
  mx: { host: 'mx1.example.test', address: '127.0.0.1', port: 25 },
  reply: { code: 250, enhanced: '2.0.0', text: 'ok' },
  attempt: 1,
  tls: {
    outcome: 'authenticated',
    required: 'authenticate',
    by: 'override',
    because: 'the certificate is valid for mx1.example.test',
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    group: 'X25519MLKEM768',
    certificateSha256: '00',
    peerName: 'mx1.example.test',
    tlsa: null,
  },
  nextAttemptAt: null,
};

describe('the event schema', () => {
  it('is the one that is published in docs/schema', () => {
    const published: unknown = JSON.parse(readFileSync('docs/schema/event.schema.json', 'utf8'));
    assert.deepEqual(eventJsonSchema(), published);
  });

  it('accepts an event as the relay writes it', () => {
    assert.deepEqual(deliveryEventSchema.parse(delivered), delivered);
    assert.deepEqual(eventSchema.parse(delivered), delivered);
  });

  const exposed = credentialExposed('anna', '192.0.2.1', '2026-11-22T03:28:11.388Z');

  it('has the same fields in every event, and two more where a login was sent in clear', () => {
    assert.deepEqual(Object.keys(exposed), [...Object.keys(delivered), 'user', 'address']);
    assert.deepEqual(eventSchema.parse(exposed), exposed);
    assert.deepEqual(eventSchema.parse({ ...exposed, user: null }), { ...exposed, user: null });
  });

  const broken: readonly (readonly [string, unknown])[] = [
    ['an unknown event', { ...delivered, event: 'lost' }],
    ['an outcome that is no word of ours', { ...delivered, tls: { ...delivered.tls, outcome: 'secure' } }],
    ['a field nobody knows', { ...delivered, password: 'x' }],
    ['a moment without a zone', { ...delivered, at: '2026-11-22 03:28:11' }],
    ['a missing recipient', { ...delivered, to: undefined }],
    ['a user where no login is concerned', { ...delivered, user: 'anna', address: '192.0.2.1' }],
    ['a login without the address of the client', { ...exposed, address: undefined }],
    ['a password beside the user', { ...exposed, password: 'x' }],
  ];
  for (const [why, event] of broken) {
    it(`refuses ${why}`, () => {
      assert.equal(eventSchema.safeParse(event).success, false);
    });
  }
});
