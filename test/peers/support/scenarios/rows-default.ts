/** Rows without a policy: `relay.tls = "may"`, docs/operating.md "TLS levels". */
import {
  BROKEN,
  EXPIRED,
  held,
  IN_CLEAR,
  INJECTED,
  INVALID,
  NOT_OFFERED,
  OTHER_NAME,
  REFUSED,
  type Row,
  returned,
  row,
  UNSIGNED,
  waits,
  went,
  wentByExim,
} from './row.ts';

const DEFAULT = 'none by default';
const MESSAGE = 'authenticate by message';
const FALLEN_BACK = 'sent in clear on a fresh connection: ';

export const defaultRows: readonly Row[] = [
  row('none', 'good', 'plain', DEFAULT, went('encrypted', UNSIGNED)),
  row('none', 'untrusted', 'plain', DEFAULT, wentByExim('encrypted', INVALID)),
  row('none', 'wrong name', 'plain', DEFAULT, went('encrypted', OTHER_NAME)),
  row('none', 'expired', 'plain', DEFAULT, went('encrypted', EXPIRED)),
  row('none', 'no STARTTLS', 'plain', DEFAULT, went('cleartext', IN_CLEAR)),
  row('none', 'bare', 'plain', DEFAULT, went('cleartext', IN_CLEAR)),
  row('none', 'refused', 'plain', DEFAULT, went('cleartext', `${FALLEN_BACK}${REFUSED}`)),
  row('none', 'broken', 'plain', DEFAULT, went('cleartext', `${FALLEN_BACK}${BROKEN}`)),
  // attacks.md §2 (b): whoever tampers must not be handed the mail in clear, although nothing requires TLS.
  row('none', 'injected', 'plain', DEFAULT, waits(INJECTED)),
  row('none', 'hanging', 'plain', DEFAULT, went('encrypted', UNSIGNED)),

  // RFC 8689 §4.2.1: the name of the host has to be proven, by DNSSEC or MTA-STS: out of unsigned DNS it is not.
  row('none', 'good', 'REQUIRETLS', MESSAGE, returned('5.7.10', `HOST: ${UNSIGNED}`)),
  row('none', 'untrusted', 'REQUIRETLS', MESSAGE, returned('5.7.10', `HOST: ${INVALID}`)),
  row('none', 'no STARTTLS', 'REQUIRETLS', MESSAGE, returned('5.7.10', NOT_OFFERED)),
  row('none', 'bare', 'REQUIRETLS', MESSAGE, returned('5.7.10', NOT_OFFERED)),
  row('none', 'refused', 'REQUIRETLS', MESSAGE, returned('5.7.10', REFUSED)),
  row('none', 'injected', 'REQUIRETLS', MESSAGE, returned('5.7.10', INJECTED)),

  // RFC 8689 §3 sets policies of the recipient aside; where there is none nothing is changed, so `by` stays.
  row('none', 'good', 'TLS-Required: No', DEFAULT, went('encrypted', UNSIGNED)),
  row('none', 'expired', 'TLS-Required: No', DEFAULT, went('encrypted', EXPIRED)),
  row('none', 'refused', 'TLS-Required: No', DEFAULT, went('cleartext', `${FALLEN_BACK}${REFUSED}`)),
  row('none', 'injected', 'TLS-Required: No', DEFAULT, waits(INJECTED)),

  row('none', 'good', 'Waxwing-TLS', MESSAGE, held(`HOST: ${UNSIGNED}`)),
  row('none', 'wrong name', 'Waxwing-TLS', MESSAGE, held(`HOST: ${OTHER_NAME}`)),
  row('none', 'bare', 'Waxwing-TLS', MESSAGE, held(NOT_OFFERED)),
  row('none', 'refused', 'Waxwing-TLS', MESSAGE, held(REFUSED, '4.7.0')),
  row('none', 'broken', 'Waxwing-TLS', MESSAGE, held(BROKEN)),
];
