import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { xmppDialect, xmppServerDialect } from '../../../../src/scanner/dialects/xmpp.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

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
  });
}
