import { describe, it } from 'node:test';
import { nntpReverse } from '../../../../src/protocols/nntp/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

describe('transcripts of the reverse for NNTP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'nntp', 'reverse'))
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => nntpReverse({ hostname: 'gw.example.test' })));
});
