import { describe, it } from 'node:test';
import { pop3Reverse } from '../../../../src/protocols/pop3/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

describe('transcripts of the reverse for POP3', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'pop3', 'reverse'))
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => pop3Reverse({ hostname: 'gate.example.test', nonce: 'nonce' })));
});
