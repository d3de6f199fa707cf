import { describe, it } from 'node:test';
import { ftpDialect } from '../../../../src/scanner/dialects/ftp.ts';
import { hostileLines } from '../../../support/upgrade-transcript.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(ftpDialect, 'visit', 'ftp');

const replies =
  `120 wait|220 ready|421 too many|211-Features|211 End| AUTH TLS|234 go|221 bye|530 log in|500 what|\xff`.split(
    '|',
  );

describe('the visit to a server of FTP', () => {
  it('any bytes in any cut: it ends, and nobody logs in', () => {
    assertVisitsEnd(ftpDialect, hostileLines(replies), /^(?:FEAT|AUTH TLS|QUIT)$/);
  });
});
