import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { formatMessage, formatResult, names, operations } from '../../../../src/protocols/ldap/messages.ts';
import { ldapDialect } from '../../../../src/scanner/dialects/ldap.ts';
import { ber, berTags } from '../../../../src/wire/ber.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(ldapDialect, 'visit', 'ldap');

const entry = (id: number, value: string | Uint8Array): Buffer =>
  formatMessage(
    id,
    ber(
      operations.searchResultEntry,
      ber(berTags.octetString),
      ber(
        berTags.sequence,
        ber(
          berTags.sequence,
          ber(berTags.octetString, 'supportedExtension'),
          ber(berTags.set, ber(berTags.octetString, value)),
        ),
      ),
    ),
  );

const messages = fc.oneof(
  fc
    .tuple(fc.nat(9), fc.constantFrom(names.startTls, '1.2.3', 'a\r\nb\0\xff'))
    .map(([id, name]) => entry(id, name)),
  fc
    .tuple(
      fc.nat(9),
      fc.constantFrom(operations.searchResultDone, operations.extendedResponse, operations.bindResponse),
      fc.constantFrom(0, 1, 2, 51, 52),
      fc.constantFrom('', 'no', 'a\r\nb'),
    )
    .map(([id, tag, code, text]) => formatResult(id, tag, code, text)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);

describe('the visit to a directory', () => {
  it('any messages and any bytes: it ends, and nobody binds', () => {
    // Nothing that is said has lines.
    assertVisitsEnd(ldapDialect, fc.array(messages, { maxLength: 12 }), /^$/);
  });
});
