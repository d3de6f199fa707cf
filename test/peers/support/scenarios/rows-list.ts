/** Rows of the policy list: docs/policy.md, L1 to L3. What a host has to show is what MTA-STS asks for. */
import {
  BROKEN,
  dropped,
  EXPIRED,
  held,
  IN_CLEAR,
  INVALID,
  NOT_NAMED,
  NOT_OFFERED,
  OTHER_NAME,
  PROVED,
  type Row,
  returned,
  row,
  UNSIGNED,
  unfit,
  went,
} from './row.ts';

const LIST = 'authenticate by list';
const DEFAULT = 'none by default';
const MESSAGE = 'authenticate by message';
const LIFTED = 'none by message';

export const listRows: readonly Row[] = [
  // L1: the certificate has to be good, and for the host.
  row('list', 'good', 'plain', LIST, went('authenticated', PROVED)),
  row('list', 'untrusted', 'plain', LIST, held(`HOST: ${INVALID}`)),
  row('list', 'wrong name', 'plain', LIST, held(`HOST: ${OTHER_NAME}`)),
  row('list', 'expired', 'plain', LIST, returned('5.7.5', `HOST: ${EXPIRED}`), 'bounce'),
  row('list', 'no STARTTLS', 'plain', LIST, held(NOT_OFFERED)),
  row('list', 'broken', 'plain', LIST, held(BROKEN)),
  row('list', 'bare', 'plain', LIST, dropped(NOT_OFFERED), 'drop'),
  row('list', 'good', 'REQUIRETLS', MESSAGE, went('authenticated', PROVED)),
  row('list', 'hanging', 'REQUIRETLS', MESSAGE, unfit()),
  row('list', 'no STARTTLS', 'TLS-Required: No', LIFTED, went('cleartext', IN_CLEAR)),
  row('list', 'good', 'Waxwing-TLS', MESSAGE, went('authenticated', PROVED)),

  // L3: no mail waits for it, and a host that it names is not proven by it either.
  row('list testing', 'good', 'plain', DEFAULT, went('encrypted', UNSIGNED)),
  row('list testing', 'bare', 'plain', DEFAULT, went('cleartext', IN_CLEAR)),
  row('list testing', 'good', 'REQUIRETLS', MESSAGE, returned('5.7.10', `HOST: ${UNSIGNED}`)),
  row('list testing', 'good', 'TLS-Required: No', DEFAULT, went('encrypted', UNSIGNED)),
  row('list testing', 'good', 'Waxwing-TLS', MESSAGE, held(`HOST: ${UNSIGNED}`)),

  // L2: no host may be used, so that none is asked.
  row('list without host', 'good', 'plain', LIST, held(NOT_NAMED)),
  row('list without host', 'good', 'plain', LIST, returned('5.7.1', NOT_NAMED), 'bounce'),
  row('list without host', 'good', 'REQUIRETLS', LIST, returned('5.7.10', NOT_NAMED)),
  row('list without host', 'good', 'TLS-Required: No', LIFTED, went('encrypted', UNSIGNED)),
  row('list without host', 'good', 'Waxwing-TLS', LIST, held(NOT_NAMED)),
];
