import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { xmppDialect, xmppServerDialect } from '../../../../src/scanner/dialects/xmpp.ts';
import { emptyDraft } from '../../../../src/scanner/draft.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../support/fuzz-talk.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts, requestOf } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(xmppDialect, 'visit', 'xmpp');
describeVisitTranscripts(xmppServerDialect, 'visit', 'xmpp-server');

const TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const header = (kind: string): string =>
  `<?xml version='1.0'?><stream:stream from='mx.example.test' id='x' version='1.0' xmlns='jabber:${kind}' xmlns:stream='http://etherx.jabber.org/streams'>`;
const parts = [
  `<stream:features><starttls xmlns='${TLS}'/></stream:features>`,
  `<stream:features/>`,
  `<proceed xmlns='${TLS}'/>`,
  `<failure xmlns='${TLS}'/>`,
  `<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
  '</stream:stream>',
  '<message>x</message>',
  ' ',
  '<',
  '\xff',
];

for (const [kind, dialect] of Object.entries({ client: xmppDialect, server: xmppServerDialect })) {
  const said = fc
    .array(
      fc.constantFrom(
        header(kind),
        header(kind) + (parts[0] ?? ''),
        header(kind) + (parts[1] ?? ''),
        ...parts,
      ),
      {
        maxLength: 12,
      },
    )
    .map((pieces) => pieces.map((piece) => Buffer.from(piece, 'latin1')));
  describe(`the visit to a server of XMPP as a ${kind}`, () => {
    it('any bytes in any cut: it ends, and nobody logs in', () => {
      assertVisitsEnd(dialect, said, /^$/);
    });

    it('an element that is no answer to STARTTLS is named, and not told whole', () => {
      const draft = emptyDraft();
      const talk = dialect.visit(new Channel('mx.example.test'), requestOf([]), draft);
      const other = `<proceed xmlns='${TLS}${'\xc3\xbc'.repeat(8_000)}'/>`;
      const pieces = [header(kind) + (parts[0] ?? ''), other].map((piece) => Buffer.from(piece, 'latin1'));
      const { ending } = fuzzTalk(talk, pieces);
      assert.ok(ending.kind === 'threw' && ending.error.message.length < 400);
      assert.ok(draft.upgrade.kind === 'bad-answer' && draft.upgrade.because.includes(`proceed ${TLS}`));
    });
  });
}
