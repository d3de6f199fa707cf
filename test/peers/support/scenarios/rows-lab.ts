/** Rows at domains of the lab, with proofs from its root on: real servers and signed zones. */
import {
  dropped,
  HALF,
  held,
  IN_CLEAR,
  INVALID,
  labRow,
  MATCHED,
  MISMATCH,
  NOT_OFFERED,
  PROVED,
  type Row,
  returned,
  switchedRow,
  UNLEARNT,
  UNLISTED,
  UNSIGNED,
  under,
  unfit,
  waits,
  went,
  wentByExim,
} from './row.ts';

const DANE = 'authenticate by dane';
const STS = 'authenticate by sts';
const LIST = 'authenticate by list';
const DEFAULT = 'none by default';
const MESSAGE = 'authenticate by message';
const LIFTED = 'none by message';
const OVERRIDE = 'none by override';
const BY_RULE = 'authenticate by override';
const BY_AUTHORITY = "the server's certificate is valid for HOST and vouched for by the trust anchor";

export const labRows: readonly Row[] = [
  labRow('plain.test', 'none', 'Postfix', 'plain', DEFAULT, went('encrypted', UNSIGNED)),
  labRow('signed-plain.test', 'none', 'Exim', 'plain', DEFAULT, wentByExim('authenticated', PROVED)),
  labRow('signed-plain.test', 'none', 'Exim', 'REQUIRETLS', MESSAGE, unfit()),
  labRow('plain-stripped.test', 'none', 'stripped', 'plain', DEFAULT, went('cleartext', IN_CLEAR)),

  labRow(
    'signed-plain.test',
    'rule authenticate',
    'Exim',
    'plain',
    BY_RULE,
    wentByExim('authenticated', PROVED),
  ),
  // docs/operating.md "TLS levels": a name out of unsigned DNS is not enough.
  labRow('plain.test', 'rule authenticate', 'Postfix', 'plain', BY_RULE, held(`HOST: ${UNSIGNED}`)),
  labRow(
    'dane-pkix.test',
    'override encrypt',
    'Postfix',
    'plain',
    'encrypt by override',
    went('authenticated', under('encrypt', PROVED)),
  ),

  labRow('dane-ee.test', 'DANE', 'Postfix', 'plain', DANE, went('authenticated', MATCHED)),
  labRow('dane-ee.test', 'DANE', 'Postfix', 'REQUIRETLS', MESSAGE, unfit()),
  labRow('dane-ee.test', 'DANE', 'Postfix', 'TLS-Required: No', LIFTED, went('authenticated', MATCHED)),
  labRow('dane-ee.test', 'DANE', 'Postfix', 'Waxwing-TLS', MESSAGE, went('authenticated', MATCHED)),
  labRow('dane-ta.test', 'DANE', 'Exim', 'plain', DANE, wentByExim('authenticated', BY_AUTHORITY)),
  labRow('dane-nsec3.test', 'DANE', 'OpenSMTPD', 'plain', DANE, went('authenticated', MATCHED)),
  labRow('dane-no-starttls.test', 'DANE', 'stripped', 'plain', DANE, held(NOT_OFFERED)),
  labRow('dane-intercepted.test', 'DANE', 'intercepted', 'plain', DANE, held(MISMATCH)),
  labRow('dane-mismatch.test', 'DANE mismatch', 'Postfix', 'plain', DANE, dropped(MISMATCH), 'drop'),
  labRow('dane-unusable.test', 'DANE unusable', 'Postfix', 'REQUIRETLS', MESSAGE, unfit()),
  labRow('dane-unproven.test', 'DANE bogus', 'Postfix', 'plain', DANE, waits(UNLEARNT)),
  labRow('half-dane.test', 'half-DANE', 'Postfix', 'plain', DANE, went('encrypted', HALF)),

  labRow('sts.test', 'MTA-STS', 'OpenSMTPD', 'plain', STS, went('authenticated', PROVED)),
  labRow('sts.test', 'MTA-STS', 'OpenSMTPD', 'REQUIRETLS', MESSAGE, unfit()),
  labRow(
    'sts-wildcard.test',
    'MTA-STS',
    'Exim',
    'TLS-Required: No',
    LIFTED,
    wentByExim('authenticated', PROVED),
  ),
  labRow('sts-wildcard.test', 'MTA-STS', 'Exim', 'Waxwing-TLS', MESSAGE, wentByExim('authenticated', PROVED)),
  labRow('sts-intercepted.test', 'MTA-STS', 'intercepted', 'plain', STS, held(`HOST: ${INVALID}`)),
  labRow('sts-stripped.test', 'MTA-STS', 'stripped', 'plain', STS, returned('5.7.10', NOT_OFFERED), 'bounce'),
  labRow('sts-testing.test', 'MTA-STS testing', 'Exim', 'plain', DEFAULT, wentByExim('encrypted', UNSIGNED)),
  labRow('sts-mismatch.test', 'MTA-STS unlisted', 'Exim', 'plain', STS, held(UNLISTED)),
  labRow('sts-and-dane.test', 'DANE + MTA-STS', 'Postfix', 'plain', DANE, went('authenticated', MATCHED)),

  // Its MX records are signed, the addresses of its host are not, so that it has no DANE.
  labRow('dane-host-unsigned.test', 'list', 'Postfix', 'plain', LIST, went('authenticated', PROVED)),
];

/** Sent once the others are where they should be, with the switch for all mail on. */
export const switchedRows: readonly Row[] = [
  switchedRow(
    'dane-mismatch.test',
    'override *',
    'Postfix',
    'plain',
    OVERRIDE,
    went('authenticated', under('*', PROVED)),
  ),
  // An operator's word lets mail go to hosts that a policy forbids, or of which it cannot be learnt.
  switchedRow(
    'dane-bogus.test',
    'override *',
    'Postfix',
    'plain',
    OVERRIDE,
    went('authenticated', under('*', PROVED)),
  ),
  switchedRow(
    'sts-mismatch.test',
    'override *',
    'Exim',
    'plain',
    OVERRIDE,
    wentByExim('encrypted', under('*', UNSIGNED)),
  ),
  switchedRow(
    'sts-stripped.test',
    'override *',
    'stripped',
    'plain',
    OVERRIDE,
    went('cleartext', under('*', IN_CLEAR)),
  ),
  switchedRow(
    'sts-intercepted.test',
    'override *',
    'intercepted',
    'plain',
    OVERRIDE,
    went('encrypted', under('*', INVALID)),
  ),
  // docs/operating.md "One switch for all mail": REQUIRETLS stays.
  switchedRow(
    'sts-stripped.test',
    'override *',
    'stripped',
    'REQUIRETLS',
    MESSAGE,
    returned('5.7.10', NOT_OFFERED),
  ),
  switchedRow('sts.test', 'override *', 'OpenSMTPD', 'REQUIRETLS', MESSAGE, unfit()),
  switchedRow(
    'sts.test',
    'override *',
    'OpenSMTPD',
    'TLS-Required: No',
    OVERRIDE,
    went('authenticated', under('*', PROVED)),
  ),
  switchedRow(
    'sts-stripped.test',
    'override *',
    'stripped',
    'Waxwing-TLS',
    OVERRIDE,
    went('cleartext', under('*', IN_CLEAR)),
  ),
  // "whatever DANE, MTA-STS, rules and routes say", and "a domain with an override of its own keeps that".
  switchedRow(
    'plain.test',
    'rule authenticate',
    'Postfix',
    'plain',
    OVERRIDE,
    went('encrypted', under('*', UNSIGNED)),
  ),
  switchedRow(
    'dane-pkix.test',
    'override encrypt',
    'Postfix',
    'plain',
    'encrypt by override',
    went('authenticated', under('encrypt', PROVED)),
  ),
];
