/** The lab of all senders that go by our decision. */
import { labTests } from '../../lab/lab-test.ts';

export const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });
