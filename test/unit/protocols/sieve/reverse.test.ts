import { describe, it } from 'node:test';
import { sieveReverse } from '../../../../src/protocols/sieve/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

describe('transcripts of the reverse for ManageSieve', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'sieve', 'reverse'))
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => sieveReverse({ hostname: 'gw.example.test' })));
});
