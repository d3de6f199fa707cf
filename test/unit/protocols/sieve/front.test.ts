import { describe, it } from 'node:test';
import { sieveFront } from '../../../../src/protocols/sieve/front.ts';
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
const session = () => sieveFront(rules);

describe('transcripts of the front for ManageSieve', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'sieve', 'front'))
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, session));
});

describe('the front for ManageSieve', () => {
  it('any octets in any cut: the same effects, and nothing of the client reaches the backend before TLS', () => {
    const client =
      `STARTTLS|NOOP|NOOP "x"|CAPABILITY|LOGOUT|AUTHENTICATE "PLAIN"|AUTHENTICATE "PLAIN" "AHUAcA=="
"x"|"*"|LISTSCRIPTS|NOOP {3+}|abc|GET / HTTP/1.1`.split(/[|\n]/);
    const backend = `OK|OK "x"|NO|BYE|"STARTTLS"|"SASL" "PLAIN"|"x" {1}|a`.split('|');
    assertCutsDoNotMatter(session, turns(client, backend));
  });
});
