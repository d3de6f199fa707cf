import { describe, it } from 'node:test';
import { sieveDialect } from '../../../../src/scanner/dialects/sieve.ts';
import { hostileLines } from '../../../support/upgrade-transcript.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(sieveDialect, 'visit', 'sieve');

const replies =
  `OK|OK "ready"|NO "no"|BYE (REFERRAL "sieve://x") "go"|"STARTTLS"|"SASL" "PLAIN"|"SIEVE" "x"|""|{3}`.split(
    '|',
  );

describe('the visit to a server of ManageSieve', () => {
  it('any bytes in any cut: it ends, and neither a name nor a password is said', () => {
    assertVisitsEnd(
      sieveDialect,
      hostileLines(replies),
      /^(?:STARTTLS|NOOP|CAPABILITY|LOGOUT|AUTHENTICATE "PLAIN"|"\*")$/,
    );
  });
});
