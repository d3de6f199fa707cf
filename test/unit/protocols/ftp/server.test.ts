import { describe, it } from 'node:test';
import { ftpServer } from '../../../../src/protocols/ftp/server.ts';
import { assertCutsDoNotMatter, turns } from '../../../support/gateway-fuzz.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';

const session = () => ftpServer({ hostname: 'gw.example.test' });

describe('transcripts of the FTP server', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'ftp', 'server'))
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, session));
});

describe('the FTP server', () => {
  it('any octets in any cut: the same effects', () => {
    const client =
      `AUTH TLS|AUTH|PBSZ 0|PROT P|PROT C|FEAT|NOOP|USER u|PASS p|LIST|QUIT|GET / HTTP/1.1`.split('|');
    assertCutsDoNotMatter(session, turns(client, ['220 nobody asks it']));
  });
});
