import { describe, it } from 'node:test';
import { ldapReverse } from '../../../../src/protocols/ldap/reverse.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

describe('the reverse of a gateway for LDAP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'ldap', 'reverse')) {
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, ldapReverse));
  }
});
