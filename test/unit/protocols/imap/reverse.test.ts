import { describe, it } from 'node:test';
import { imapReverse } from '../../../../src/protocols/imap/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

describe('transcripts of the reverse for IMAP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'imap', 'reverse'))
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => imapReverse({ hostname: 'gate.example.test', nonce: 'nonce' })));
});
