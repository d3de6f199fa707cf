/** All classes of attacks, in the order of the table. */
import type { Attack } from './cell.ts';
import { alpaca } from './classes/alpaca.ts';
import { capabilityDowngrade } from './classes/capability-downgrade.ts';
import { commandInjection } from './classes/command-injection.ts';
import { credentialTheft } from './classes/credential-theft.ts';
import { exhaustion } from './classes/exhaustion.ts';
import { identity } from './classes/identity.ts';
import { loginInClear } from './classes/login-in-clear.ts';
import { opossum } from './classes/opossum.ts';
import { preauth } from './classes/preauth.ts';
import { referrals } from './classes/referrals.ts';
import { renegotiation } from './classes/renegotiation.ts';
import { responseInjection } from './classes/response-injection.ts';
import { secondUpgrade } from './classes/second-upgrade.ts';
import { sessionFixation } from './classes/session-fixation.ts';
import { smuggling } from './classes/smuggling.ts';
import { stripping } from './classes/stripping.ts';
import { tampering } from './classes/tampering.ts';
import { tlsDowngrade } from './classes/tls-downgrade.ts';
import { truncation } from './classes/truncation.ts';
import { uiSpoofing } from './classes/ui-spoofing.ts';
import { wrongGoAhead } from './classes/wrong-go-ahead.ts';

export const attacks: readonly Attack[] = [
  commandInjection,
  credentialTheft,
  sessionFixation,
  loginInClear,
  secondUpgrade,
  smuggling,
  responseInjection,
  stripping,
  wrongGoAhead,
  tlsDowngrade,
  capabilityDowngrade,
  preauth,
  referrals,
  tampering,
  uiSpoofing,
  opossum,
  alpaca,
  renegotiation,
  truncation,
  identity,
  exhaustion,
];
