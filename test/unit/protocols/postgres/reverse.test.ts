import { describe, it } from 'node:test';
import { postgresReverse } from '../../../../src/protocols/postgres/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

const rules = { hostname: 'gw.example.test', nonce: 'nonce' };

describe('the reverse of a gateway for PostgreSQL', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'postgres', 'reverse')) {
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => postgresReverse(rules)));
  }
});
