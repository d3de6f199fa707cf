import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nntpFront } from '../../../../src/protocols/nntp/front.ts';
import { beginGatewaySession, type FrontRules } from '../../../../src/wire/gateway-session.ts';
import { assertCutsDoNotMatter, turns } from '../../../support/gateway-fuzz.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';
import { tlsFacts, transcriptsIn } from '../../../support/transcript.ts';

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
  it('passes on what INN and its client said to each other, word for word, until the login', () => {
    const [recorded] = transcriptsIn('recorded', 'inn-2.7', 'session');
    assert.ok(recorded !== undefined);
    const inside = recorded.entries.slice(recorded.entries.findIndex(({ kind }) => kind === 'mark') + 1);
    const run = beginGatewaySession(session());
    run.next({ kind: 'opened', tls: tlsFacts });
    run.next({ kind: 'connected', upstream: undefined });
    run.next({ kind: 'backend', unread: Buffer.from('200 ready\r\n') });
    let passed = 0;
    for (const entry of inside) {
      if (entry.kind !== 'bytes') continue;
      const { bytes: unread } = entry;
      const step = run.next({ kind: entry.side === 'C' ? 'client' : 'backend', unread });
      const to = entry.side === 'C' ? 'toBackend' : 'toClient';
      assert.equal(step.used, unread.length);
      assert.deepEqual(step.effects[0], { kind: to, bytes: unread });
      passed += 1;
      if (step.effects.at(-1)?.kind === 'splice') break;
    }
    assert.equal(passed, 4, 'AUTHINFO USER, 381, AUTHINFO PASS, 281');
  });

  it('any octets in any cut: the same effects, and nothing of the client reaches the backend before TLS', () => {
    const client =
      `STARTTLS|DATE|CAPABILITIES|QUIT|POST|TAKETHIS <a@b>|AUTHINFO USER u|AUTHINFO PASS p|AUTHINFO SASL PLAIN
LISTGROUP|COMPRESS DEFLATE|.|x|AAAA|GET / HTTP/1.1`.split(/[|\n]/);
    const backend =
      `200 hi|101 list|STARTTLS|.|..|211 x|220 x|281 x|381 x|383 x|340 x|240 x|400 x|206 x`.split('|');
    assertCutsDoNotMatter(session, turns(client, backend));
  });
});
