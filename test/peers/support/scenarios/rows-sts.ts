/** Rows of MTA-STS, alone and beside DANE: docs/policy.md, S1 to S22, and §2.3. */
import {
  BROKEN,
  dropped,
  EXPIRED,
  held,
  IN_CLEAR,
  INJECTED,
  INVALID,
  MATCHED,
  MISMATCH,
  NOT_OFFERED,
  OTHER_NAME,
  PROVED,
  REFUSED,
  type Row,
  returned,
  row,
  UNLISTED,
  UNSIGNED,
  unfit,
  waits,
  went,
  wentByExim,
} from './row.ts';

const STS = 'authenticate by sts';
const DANE = 'authenticate by dane';
const DEFAULT = 'none by default';
const MESSAGE = 'authenticate by message';
const LIFTED = 'none by message';
const FALLEN_BACK = 'sent in clear on a fresh connection: ';

export const stsRows: readonly Row[] = [
  // S12, S13: the certificate has to be good, and for the host.
  row('MTA-STS', 'good', 'plain', STS, went('authenticated', PROVED)),
  row('MTA-STS', 'untrusted', 'plain', STS, held(`HOST: ${INVALID}`)),
  row('MTA-STS', 'wrong name', 'plain', STS, held(`HOST: ${OTHER_NAME}`)),
  row('MTA-STS', 'expired', 'plain', STS, held(`HOST: ${EXPIRED}`)),
  row('MTA-STS', 'no STARTTLS', 'plain', STS, held(NOT_OFFERED)),
  row('MTA-STS', 'refused', 'plain', STS, held(REFUSED, '4.7.0')),
  row('MTA-STS', 'broken', 'plain', STS, held(BROKEN)),
  row('MTA-STS', 'injected', 'plain', STS, held(INJECTED)),
  row('MTA-STS', 'hanging', 'plain', STS, went('authenticated', PROVED)),
  row('MTA-STS', 'bare', 'plain', STS, returned('5.7.10', NOT_OFFERED), 'bounce'),
  row('MTA-STS', 'expired', 'plain', STS, returned('5.7.5', `HOST: ${EXPIRED}`), 'bounce'),
  row('MTA-STS', 'bare', 'plain', STS, dropped(NOT_OFFERED), 'drop'),
  row('MTA-STS', 'good', 'REQUIRETLS', MESSAGE, went('authenticated', PROVED)),
  row('MTA-STS', 'hanging', 'REQUIRETLS', MESSAGE, unfit()),
  row('MTA-STS', 'untrusted', 'REQUIRETLS', MESSAGE, returned('5.7.10', `HOST: ${INVALID}`)),
  row('MTA-STS', 'broken', 'REQUIRETLS', MESSAGE, returned('5.7.10', BROKEN), 'drop'),
  row('MTA-STS', 'good', 'TLS-Required: No', LIFTED, went('authenticated', PROVED)),
  row('MTA-STS', 'wrong name', 'TLS-Required: No', LIFTED, went('encrypted', OTHER_NAME)),
  row('MTA-STS', 'no STARTTLS', 'TLS-Required: No', LIFTED, went('cleartext', IN_CLEAR)),
  row('MTA-STS', 'injected', 'TLS-Required: No', LIFTED, waits(INJECTED)),
  row('MTA-STS', 'hanging', 'Waxwing-TLS', MESSAGE, went('authenticated', PROVED)),

  // S10: no mail waits for it, and a host that it lists is not proven by it either.
  row('MTA-STS testing', 'good', 'plain', DEFAULT, went('encrypted', UNSIGNED)),
  row('MTA-STS testing', 'expired', 'plain', DEFAULT, went('encrypted', EXPIRED)),
  row('MTA-STS testing', 'bare', 'plain', DEFAULT, went('cleartext', IN_CLEAR)),
  row('MTA-STS testing', 'refused', 'plain', DEFAULT, went('cleartext', `${FALLEN_BACK}${REFUSED}`)),
  row('MTA-STS testing', 'good', 'REQUIRETLS', MESSAGE, returned('5.7.10', `HOST: ${UNSIGNED}`)),
  row('MTA-STS testing', 'hanging', 'TLS-Required: No', DEFAULT, went('encrypted', UNSIGNED)),
  row('MTA-STS testing', 'good', 'Waxwing-TLS', MESSAGE, held(`HOST: ${UNSIGNED}`)),

  // S11: no host may be used, so that none is asked; docs/operating.md "Held by tls" has 5.7.1 for that.
  row('MTA-STS unlisted', 'good', 'plain', STS, held(UNLISTED)),
  row('MTA-STS unlisted', 'good', 'plain', STS, returned('5.7.1', UNLISTED), 'bounce'),
  row('MTA-STS unlisted', 'good', 'plain', STS, dropped(UNLISTED), 'drop'),
  // And 5.7.10 for "mail with REQUIRETLS".
  row('MTA-STS unlisted', 'good', 'REQUIRETLS', STS, returned('5.7.10', UNLISTED)),
  row('MTA-STS unlisted', 'good', 'TLS-Required: No', LIFTED, went('encrypted', UNSIGNED)),
  row('MTA-STS unlisted', 'good', 'Waxwing-TLS', STS, held(UNLISTED)),

  // §2.3: where DANE decides MTA-STS says nothing of TLS: neither less nor more.
  row('DANE + MTA-STS', 'good', 'plain', DANE, went('authenticated', MATCHED)),
  row('DANE + MTA-STS', 'expired', 'plain', DANE, went('authenticated', MATCHED)),
  row('DANE + MTA-STS', 'bare', 'plain', DANE, held(NOT_OFFERED)),
  row('DANE + MTA-STS', 'good', 'REQUIRETLS', MESSAGE, went('authenticated', MATCHED)),
  row('DANE + MTA-STS', 'bare', 'TLS-Required: No', LIFTED, went('cleartext', IN_CLEAR)),
  row('DANE + MTA-STS', 'untrusted', 'Waxwing-TLS', MESSAGE, wentByExim('authenticated', MATCHED)),
  // D20: no other policy rescues it.
  row('mismatch + MTA-STS', 'good', 'plain', DANE, held(MISMATCH)),
  row('mismatch + MTA-STS', 'good', 'TLS-Required: No', LIFTED, went('authenticated', PROVED)),
];
