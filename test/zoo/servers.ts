/** Every real server of the zoo. */

import { certificateSetUps } from './servers/certificates.ts';
import { mailboxSetUps } from './servers/mailboxes.ts';
import { otherSetUps } from './servers/others.ts';
import { smtpSetUps } from './servers/smtp.ts';
import type { SetUp } from './set-up.ts';

export const setUps: readonly SetUp[] = [
  ...certificateSetUps,
  ...smtpSetUps,
  ...mailboxSetUps,
  ...otherSetUps,
];
