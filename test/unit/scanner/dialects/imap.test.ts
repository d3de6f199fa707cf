import { describe, it } from 'node:test';
import { imapDialect } from '../../../../src/scanner/dialects/imap.ts';
import { hostileLines } from '../../../support/upgrade-transcript.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(imapDialect, 'visit', 'imap');

const replies =
  `* OK ready|* PREAUTH hi|* BYE no|* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN|w1 OK|w2 OK|w3 OK|w4 OK|w4 BAD|w5 OK|w6 OK
w6 BAD|w9 OK|w2 NO|w2 BAD|+|+ go|* 3 EXISTS|* 1 FETCH (BODY[] {3}|* OK [CAPABILITY STARTTLS] x`.split(
    /[|\n]/,
  );

describe('the visit to a server of IMAP', () => {
  it('any bytes in any cut: it ends, and neither a name nor a password is said', () => {
    assertVisitsEnd(
      imapDialect,
      hostileLines(replies),
      /^(?:w\d (?:CAPABILITY|STARTTLS|NOOP|LOGOUT|AUTHENTICATE PLAIN)|\*)$/,
    );
  });
});
