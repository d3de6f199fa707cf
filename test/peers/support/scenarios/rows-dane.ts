/** Rows of DANE: docs/policy.md, D1 to D26. */
import {
  BROKEN,
  EXPIRED,
  HALF,
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
  UNLEARNT,
  unfit,
  waits,
  went,
  wentByExim,
} from './row.ts';

const DANE = 'authenticate by dane';
const ENCRYPT = 'encrypt by dane';
const MESSAGE = 'authenticate by message';
const LIFTED = 'none by message';
const FALLEN_BACK = 'sent in clear on a fresh connection: ';

export const daneRows: readonly Row[] = [
  // D16: usage 3 looks at the server's key and at nothing else: no authority, no name, no date.
  row('DANE', 'good', 'plain', DANE, went('authenticated', MATCHED)),
  row('DANE', 'untrusted', 'plain', DANE, wentByExim('authenticated', MATCHED)),
  row('DANE', 'wrong name', 'plain', DANE, went('authenticated', MATCHED)),
  row('DANE', 'expired', 'plain', DANE, went('authenticated', MATCHED)),
  row('DANE', 'no STARTTLS', 'plain', DANE, held(NOT_OFFERED)),
  row('DANE', 'refused', 'plain', DANE, held(REFUSED, '4.7.0')),
  row('DANE', 'broken', 'plain', DANE, held(BROKEN)),
  row('DANE', 'injected', 'plain', DANE, held(INJECTED)),
  row('DANE', 'hanging', 'plain', DANE, went('authenticated', MATCHED)),
  row('DANE', 'bare', 'plain', DANE, returned('5.7.10', NOT_OFFERED), 'bounce'),
  row('DANE', 'good', 'REQUIRETLS', MESSAGE, went('authenticated', MATCHED)),
  // RFC 8689 §4.2.1: a match of DANE is proof; what is missing is the promise for the next host.
  row('DANE', 'expired', 'REQUIRETLS', MESSAGE, unfit()),
  row('DANE', 'bare', 'REQUIRETLS', MESSAGE, returned('5.7.10', NOT_OFFERED)),
  row('DANE', 'bare', 'TLS-Required: No', LIFTED, went('cleartext', IN_CLEAR)),
  row('DANE', 'broken', 'TLS-Required: No', LIFTED, went('cleartext', `${FALLEN_BACK}${BROKEN}`)),
  row('DANE', 'wrong name', 'Waxwing-TLS', MESSAGE, went('authenticated', MATCHED)),

  row('DANE mismatch', 'good', 'plain', DANE, held(MISMATCH)),
  row('DANE mismatch', 'good', 'plain', DANE, returned('5.7.5', MISMATCH), 'bounce'),
  row('DANE mismatch', 'good', 'REQUIRETLS', MESSAGE, returned('5.7.10', MISMATCH)),
  // RFC 8689 §3: what is left is the certificate, which is looked at wherever there is TLS.
  row('DANE mismatch', 'good', 'TLS-Required: No', LIFTED, went('authenticated', PROVED)),
  row('DANE mismatch', 'untrusted', 'TLS-Required: No', LIFTED, wentByExim('encrypted', INVALID)),
  row('DANE mismatch', 'good', 'Waxwing-TLS', MESSAGE, held(MISMATCH)),

  // D14: TLS, and no proof is asked for; the certificate is looked at all the same.
  row('DANE unusable', 'good', 'plain', ENCRYPT, went('authenticated', PROVED)),
  row('DANE unusable', 'untrusted', 'plain', ENCRYPT, wentByExim('encrypted', INVALID)),
  row('DANE unusable', 'wrong name', 'plain', ENCRYPT, went('encrypted', OTHER_NAME)),
  row('DANE unusable', 'expired', 'plain', ENCRYPT, went('encrypted', EXPIRED)),
  row('DANE unusable', 'no STARTTLS', 'plain', ENCRYPT, held(NOT_OFFERED)),
  row('DANE unusable', 'refused', 'plain', ENCRYPT, held(REFUSED, '4.7.0')),
  row('DANE unusable', 'broken', 'plain', ENCRYPT, held(BROKEN)),
  row('DANE unusable', 'injected', 'plain', ENCRYPT, held(INJECTED)),
  row('DANE unusable', 'hanging', 'plain', ENCRYPT, went('authenticated', PROVED)),
  row('DANE unusable', 'good', 'REQUIRETLS', MESSAGE, went('authenticated', PROVED)),
  row('DANE unusable', 'bare', 'TLS-Required: No', LIFTED, went('cleartext', IN_CLEAR)),
  row('DANE unusable', 'untrusted', 'Waxwing-TLS', MESSAGE, held(`HOST: ${INVALID}`)),

  // D11, RFC 7672 §2.1.2: as if the host were out of reach; that passes, so nothing is returned for want of TLS.
  row('DANE bogus', 'good', 'plain', DANE, waits(UNLEARNT)),
  row('DANE bogus', 'good', 'REQUIRETLS', DANE, waits(UNLEARNT)),
  row('DANE bogus', 'good', 'TLS-Required: No', LIFTED, went('authenticated', PROVED)),
  row('DANE bogus', 'good', 'Waxwing-TLS', DANE, waits(UNLEARNT)),

  // D5: it binds, and the outcome is no more than encrypted.
  row('half-DANE', 'good', 'plain', DANE, went('encrypted', HALF)),
  row('half-DANE', 'untrusted', 'plain', DANE, wentByExim('encrypted', HALF)),
  row('half-DANE', 'wrong name', 'plain', DANE, went('encrypted', HALF)),
  row('half-DANE', 'expired', 'plain', DANE, went('encrypted', HALF)),
  row('half-DANE', 'no STARTTLS', 'plain', DANE, held(NOT_OFFERED)),
  row('half-DANE', 'refused', 'plain', DANE, held(REFUSED, '4.7.0')),
  row('half-DANE', 'broken', 'plain', DANE, held(BROKEN)),
  row('half-DANE', 'injected', 'plain', DANE, held(INJECTED)),
  row('half-DANE', 'hanging', 'plain', DANE, went('encrypted', HALF)),
  // RFC 8689 §4.2.1: the MX name has to be proven by DNSSEC or MTA-STS, and here it is not.
  row('half-DANE', 'good', 'REQUIRETLS', MESSAGE, returned('5.7.10', `HOST: ${HALF}`)),
  row('half-DANE', 'refused', 'TLS-Required: No', LIFTED, went('cleartext', `${FALLEN_BACK}${REFUSED}`)),
  row('half-DANE', 'good', 'Waxwing-TLS', MESSAGE, held(`HOST: ${HALF}`)),
];
