import { describe, it } from 'node:test';
import { xmppReverse } from '../../../../src/protocols/xmpp/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

const rules = { hostname: 'gw.example.test', nonce: 'nonce' };

describe('the reverse of a gateway for XMPP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'xmpp', 'reverse')) {
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => xmppReverse(rules, 'client')));
  }
});
