/** Rows in which the operator has said something: routes, rules, overrides. docs/message-tls.md "Who decides". */
import {
  BROKEN,
  dropped,
  EXPIRED,
  held,
  IN_CLEAR,
  INJECTED,
  INVALID,
  NOT_OFFERED,
  OTHER_NAME,
  PROVED,
  REFUSED,
  type Row,
  returned,
  row,
  UNSIGNED,
  under,
  unfit,
  waits,
  went,
  wentByExim,
} from './row.ts';

const NONE = 'none by override';
const ENCRYPT = 'encrypt by override';
const AUTHENTICATE = 'authenticate by override';
const MESSAGE = 'authenticate by message';
/**
 * What `match = ".suffix"` covers the operator has named (docs/operating.md "TLS levels"). These rows first said "for HOST", and
 * three came out otherwise: our server has one certificate for the hosts of all rows, and a name below the suffix is as good
 * as another.
 */
const BY_ROUTE = 'the certificate is valid for ';
const FALLEN_BACK = 'sent in clear on a fresh connection: ';

export const operatorRows: readonly Row[] = [
  row('route encrypt', 'good', 'plain', ENCRYPT, went('authenticated', BY_ROUTE)),
  row('route encrypt', 'untrusted', 'plain', ENCRYPT, wentByExim('encrypted', INVALID)),
  row('route encrypt', 'wrong name', 'plain', ENCRYPT, went('encrypted', OTHER_NAME)),
  row('route encrypt', 'expired', 'plain', ENCRYPT, went('encrypted', EXPIRED)),
  row('route encrypt', 'no STARTTLS', 'plain', ENCRYPT, held(NOT_OFFERED)),
  row('route encrypt', 'refused', 'plain', ENCRYPT, held(REFUSED, '4.7.0')),
  row('route encrypt', 'broken', 'plain', ENCRYPT, held(BROKEN)),
  row('route encrypt', 'injected', 'plain', ENCRYPT, held(INJECTED)),
  row('route encrypt', 'bare', 'plain', ENCRYPT, returned('5.7.10', NOT_OFFERED), 'bounce'),
  // RFC 3463 §3.8: X.7.5, cryptographic failure.
  row('route encrypt', 'broken', 'plain', ENCRYPT, returned('5.7.5', BROKEN), 'bounce'),
  row('route encrypt', 'bare', 'plain', ENCRYPT, dropped(NOT_OFFERED), 'drop'),
  row('route encrypt', 'good', 'REQUIRETLS', MESSAGE, went('authenticated', BY_ROUTE)),
  row('route encrypt', 'wrong name', 'REQUIRETLS', MESSAGE, returned('5.7.10', `HOST: ${OTHER_NAME}`)),
  row('route encrypt', 'bare', 'TLS-Required: No', ENCRYPT, held(NOT_OFFERED)),
  row('route encrypt', 'expired', 'Waxwing-TLS', MESSAGE, held(`HOST: ${EXPIRED}`)),

  row('route authenticate', 'good', 'plain', AUTHENTICATE, went('authenticated', BY_ROUTE)),
  row('route authenticate', 'untrusted', 'plain', AUTHENTICATE, held(`HOST: ${INVALID}`)),
  row('route authenticate', 'wrong name', 'plain', AUTHENTICATE, held(`HOST: ${OTHER_NAME}`)),
  row(
    'route authenticate',
    'wrong name',
    'plain',
    AUTHENTICATE,
    returned('5.7.5', `HOST: ${OTHER_NAME}`),
    'bounce',
  ),
  row('route authenticate', 'hanging', 'plain', AUTHENTICATE, went('authenticated', BY_ROUTE)),
  row('route authenticate', 'good', 'REQUIRETLS', AUTHENTICATE, went('authenticated', BY_ROUTE)),
  row('route authenticate', 'broken', 'REQUIRETLS', AUTHENTICATE, returned('5.7.10', BROKEN)),
  row('route authenticate', 'expired', 'TLS-Required: No', AUTHENTICATE, held(`HOST: ${EXPIRED}`)),
  row('route authenticate', 'good', 'Waxwing-TLS', AUTHENTICATE, went('authenticated', BY_ROUTE)),

  row('rule authenticate', 'good', 'plain', AUTHENTICATE, went('authenticated', PROVED)),
  row('rule authenticate', 'expired', 'plain', AUTHENTICATE, held(`HOST: ${EXPIRED}`)),
  row('rule authenticate', 'refused', 'plain', AUTHENTICATE, returned('5.7.10', REFUSED), 'bounce'),
  row('rule authenticate', 'good', 'REQUIRETLS', AUTHENTICATE, went('authenticated', PROVED)),
  // docs/message-tls.md "REQUIRETLS": 5.7.10 where TLS that proves the host could not be had, whoever demands as much.
  row('rule authenticate', 'untrusted', 'REQUIRETLS', AUTHENTICATE, returned('5.7.10', `HOST: ${INVALID}`)),
  // RFC 8689 §4.2.1: the sender of such a message is told, whatever the operator does with other mail.
  row('rule authenticate', 'bare', 'REQUIRETLS', AUTHENTICATE, returned('5.7.10', NOT_OFFERED), 'drop'),
  // design.md §1: the header field never lifts an operator's rule.
  row('rule authenticate', 'wrong name', 'TLS-Required: No', AUTHENTICATE, held(`HOST: ${OTHER_NAME}`)),
  row('rule authenticate', 'injected', 'Waxwing-TLS', AUTHENTICATE, held(INJECTED)),

  row('override may', 'good', 'plain', NONE, went('authenticated', under('may', PROVED))),
  row('override may', 'untrusted', 'plain', NONE, wentByExim('encrypted', under('may', INVALID))),
  row('override may', 'wrong name', 'plain', NONE, went('encrypted', under('may', OTHER_NAME))),
  row('override may', 'expired', 'plain', NONE, went('encrypted', under('may', EXPIRED))),
  row('override may', 'no STARTTLS', 'plain', NONE, went('cleartext', under('may', IN_CLEAR))),
  row('override may', 'refused', 'plain', NONE, went('cleartext', under('may', `${FALLEN_BACK}${REFUSED}`))),
  row('override may', 'broken', 'plain', NONE, went('cleartext', under('may', `${FALLEN_BACK}${BROKEN}`))),
  row('override may', 'injected', 'plain', NONE, waits(INJECTED)),
  row('override may', 'hanging', 'plain', NONE, went('authenticated', under('may', PROVED))),
  // An override does not lift REQUIRETLS: it is a promise to the sender.
  row('override may', 'good', 'REQUIRETLS', MESSAGE, went('authenticated', PROVED)),
  row('override may', 'bare', 'REQUIRETLS', MESSAGE, returned('5.7.10', NOT_OFFERED)),
  row('override may', 'bare', 'TLS-Required: No', NONE, went('cleartext', under('may', IN_CLEAR))),
  // An override decides alone, and only REQUIRETLS is above it.
  row('override may', 'bare', 'Waxwing-TLS', NONE, went('cleartext', under('may', IN_CLEAR))),

  row('override encrypt', 'good', 'plain', ENCRYPT, went('encrypted', under('encrypt', UNSIGNED))),
  row('override encrypt', 'bare', 'plain', ENCRYPT, held(NOT_OFFERED)),
  row('override encrypt', 'hanging', 'plain', ENCRYPT, went('encrypted', under('encrypt', UNSIGNED))),
  row('override encrypt', 'good', 'REQUIRETLS', MESSAGE, returned('5.7.10', `HOST: ${UNSIGNED}`)),
  row('override encrypt', 'refused', 'TLS-Required: No', ENCRYPT, held(REFUSED, '4.7.0')),
  row(
    'override encrypt',
    'untrusted',
    'Waxwing-TLS',
    ENCRYPT,
    wentByExim('encrypted', under('encrypt', INVALID)),
  ),

  row(
    'override authenticate',
    'good',
    'plain',
    AUTHENTICATE,
    went('authenticated', under('authenticate', PROVED)),
  ),
  row('override authenticate', 'untrusted', 'plain', AUTHENTICATE, held(`HOST: ${INVALID}`)),
  row('override authenticate', 'untrusted', 'plain', AUTHENTICATE, dropped(`HOST: ${INVALID}`), 'drop'),
  row('override authenticate', 'hanging', 'REQUIRETLS', AUTHENTICATE, unfit()),
  row('override authenticate', 'broken', 'TLS-Required: No', AUTHENTICATE, held(BROKEN)),
  row('override authenticate', 'no STARTTLS', 'Waxwing-TLS', AUTHENTICATE, held(NOT_OFFERED)),
];
