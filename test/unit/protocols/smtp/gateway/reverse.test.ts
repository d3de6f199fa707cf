import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lmtpReverse, smtpReverse } from '../../../../../src/protocols/smtp/gateway/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../../support/gateway-transcript.ts';
import { tlsFacts } from '../../../../support/transcript.ts';

const rules = { hostname: 'gw.example.test', nonce: 'nonce' };

describe('a plain client of SMTP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'smtp', 'reverse'))
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, () => smtpReverse(rules)));

  it('of LMTP is greeted as one (RFC 2033 §4.1)', () => {
    const { step, initial } = lmtpReverse(rules);
    const upstream = { facts: tlsFacts, inside: [], greeting: new Uint8Array() };
    const { effects } = step(initial, { kind: 'connected', upstream });
    assert.deepEqual(effects, [
      { kind: 'toClient', bytes: Buffer.from('220 gw.example.test LMTP\r\n') },
      { kind: 'splice' },
    ]);
  });

  it('says 421 when it stops or the client is too slow', () => {
    const { step, initial } = smtpReverse(rules);
    for (const kind of ['timeout', 'shutdown'] as const) {
      const [said, end] = step(initial, { kind }).effects;
      assert.ok(said?.kind === 'toClient' && end?.kind === 'close');
      assert.match(Buffer.from(said.bytes).toString(), /^421 4\.[34]\.2 gw\.example\.test closing: .+\r\n$/);
    }
  });
});
