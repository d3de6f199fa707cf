/**
 * Real senders that ask the advisor, or the library, and send to the domains of the lab: the same verdicts as the relay's own.
 *
 * All of them share a lab, which takes longer to start than most of them: `--test-name-pattern` picks one.
 */
import { labTests } from '../lab/lab-test.ts';
import { eximTests } from './advised/exim.ts';
import { harakaTests } from './advised/haraka.ts';
import { nodemailerTests } from './advised/nodemailer.ts';
import { postfixTests } from './advised/postfix.ts';

const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });

postfixTests(labTest);
eximTests(labTest);
harakaTests(labTest);
nodemailerTests(labTest);
