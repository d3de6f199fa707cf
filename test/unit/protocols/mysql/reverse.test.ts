import { describe, it } from 'node:test';
import { mysqlReverse } from '../../../../src/protocols/mysql/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

const rules = { hostname: 'gw.example.test', nonce: 'nonce' };

describe('the reverse of a gateway for MySQL', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'mysql', 'reverse')) {
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, () => mysqlReverse(rules)));
  }
});
