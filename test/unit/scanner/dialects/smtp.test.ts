import { smtpDialect } from '../../../../src/scanner/dialects/smtp.ts';
import { describeSmtpVisits } from '../../../support/smtp-visits.ts';

describeSmtpVisits(smtpDialect, 'smtp', 'visit');
