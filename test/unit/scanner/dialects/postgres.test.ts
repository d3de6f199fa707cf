import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fatal } from '../../../../src/protocols/postgres/messages.ts';
import { postgresDialect } from '../../../../src/scanner/dialects/postgres.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(postgresDialect, 'visit', 'postgres');

const said = fc.oneof(
  fc.constantFrom('S', 'N', 'E', 'R', 'E\0\0\0\x04', 'Eno\n\0').map((text) => Buffer.from(text, 'latin1')),
  fc
    .tuple(fc.constantFrom('53300', '08P01', '28000'), fc.string())
    .map(([code, text]) => Buffer.from(fatal(code, text.replaceAll('\0', '')))),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);

describe('the visit to a server of PostgreSQL', () => {
  it('any bytes in any cut: it ends', () => {
    // Nothing that is said has lines.
    assertVisitsEnd(postgresDialect, fc.array(said, { maxLength: 8 }), /^$/);
  });
});
