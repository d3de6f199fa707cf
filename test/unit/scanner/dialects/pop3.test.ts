import { describe, it } from 'node:test';
import { pop3Dialect } from '../../../../src/scanner/dialects/pop3.ts';
import { hostileLines } from '../../../support/upgrade-transcript.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(pop3Dialect, 'visit', 'pop3');

const replies = `+OK|+OK ready|-ERR no|-ERR [SYS/TEMP] too many|STLS|USER|SASL PLAIN|.|+|+ |\xff`.split('|');

describe('the visit to a server of POP3', () => {
  it('any bytes in any cut: it ends, and no password is said', () => {
    assertVisitsEnd(
      pop3Dialect,
      hostileLines(replies),
      /^(?:CAPA|STLS|QUIT|AUTH PLAIN|\*|USER waxwing-check)$/,
    );
  });
});
