import { describe, it } from 'node:test';
import { nntpFront } from '../../../../src/protocols/nntp/front.ts';
import type { FrontRules } from '../../../../src/wire/gateway-session.ts';
import { assertCutsDoNotMatter, turns } from '../../../support/gateway-fuzz.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

const rules: FrontRules = {
  hostname: 'gw.example.test',
  requireTls: true,
  client: { address: '192.0.2.1', port: 40_000 },
  xclient: false,
  backendIsLocal: false,
  nonce: 'nonce',
};
const session = () => nntpFront(rules);

describe('transcripts of the front for NNTP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'nntp', 'front'))
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, session));
});

describe('the front for NNTP', () => {
  it('any octets in any cut: the same effects, and nothing of the client reaches the backend before TLS', () => {
    const client =
      `STARTTLS|DATE|CAPABILITIES|QUIT|POST|TAKETHIS <a@b>|AUTHINFO USER u|AUTHINFO PASS p|AUTHINFO SASL PLAIN
LISTGROUP|COMPRESS DEFLATE|.|x|AAAA|GET / HTTP/1.1`.split(/[|\n]/);
    const backend =
      `200 hi|101 list|STARTTLS|.|..|211 x|220 x|281 x|381 x|383 x|340 x|240 x|400 x|206 x`.split('|');
    assertCutsDoNotMatter(session, turns(client, backend));
  });
});
