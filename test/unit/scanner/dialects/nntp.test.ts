import { describe, it } from 'node:test';
import { nntpDialect } from '../../../../src/scanner/dialects/nntp.ts';
import { hostileLines } from '../../../support/upgrade-transcript.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(nntpDialect, 'visit', 'nntp');

const replies =
  `200 ready|201 no|400 later|502 no|101 list|VERSION 2|STARTTLS|MODE-READER|.|382 go|580 no|111 now|205 bye|211 0 0 0 a
223 1 <a@b>|412 no|420 no|480 log in|\xff`.split(/[|\n]/);

describe('the visit to a server of news', () => {
  it('any bytes in any cut: it ends, and nobody logs in', () => {
    assertVisitsEnd(
      nntpDialect,
      hostileLines(replies),
      /^(?:CAPABILITIES|MODE READER|STARTTLS|DATE|QUIT|STAT|GROUP [a-z.]+)$/,
    );
  });
});
