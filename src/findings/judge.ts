/** Judges all that was learnt of a target: every finding, and what each kind of sender would do. */
import { all, type PolicyLookUp } from '../policies/look-ups.ts';
import type { CheckCase } from './case.ts';
import { severities } from './check.ts';
import { driveRecorded } from './drive-recorded.ts';
import type { Finding } from './finding.ts';
import { groundOf } from './ground.ts';
import { caseOf, learn } from './learn.ts';
import { withLoss } from './loss.ts';
import type { Recording } from './recording.ts';
import { caaFindings } from './rules/caa.ts';
import { certFindings } from './rules/cert.ts';
import { connFindings } from './rules/conn.ts';
import { daneFindings } from './rules/dane.ts';
import { dnsFindings } from './rules/dns.ts';
import { dnssecFindings } from './rules/dnssec.ts';
import { mailboxFindings } from './rules/mailbox.ts';
import { mtastsFindings } from './rules/mtasts.ts';
import { mxFindings } from './rules/mx.ts';
import { sendersFindings } from './rules/senders.ts';
import { smtpFindings } from './rules/smtp.ts';
import { starttlsFindings } from './rules/starttls.ts';
import { tlsFindings } from './rules/tls.ts';
import { tlsrptFindings } from './rules/tlsrpt.ts';
import { type Simulation, simulate, unlearnt } from './simulate.ts';

export interface Judged {
  readonly theCase: CheckCase;
  /** The worst first, then in the order of the sections. */
  readonly findings: readonly Finding[];
  readonly simulation: Simulation;
}

/**
 * Judges a recording, without the network.
 *
 * @param now milliseconds since 1970: the moment of the run, or a later one, for which it is judged as if nothing had changed.
 */
export function judgeRecording(recording: Recording, now: number): Judged {
  const facts = driveRecorded(learn(recording.target, { now, jitter: 0, errand: 'delivery' }), recording);
  const theCase = caseOf(recording, facts, now);
  const ground = driveRecorded(groundOf(facts), recording);
  const simulation = simulate(theCase);
  return {
    theCase,
    findings: driveRecorded(allFindings(theCase, simulation), recording),
    simulation: ground.kind === 'firm' ? simulation : unlearnt(simulation, ground.because),
  };
}

/**
 * The rules that need to know more than the case, and ask for it.
 *
 * Whoever only wants everything to be asked runs these: the others take three quarters of the time of a judgement.
 */
export function* askingFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const asked = yield* all([
    dnsFindings(theCase),
    mxFindings(theCase),
    caaFindings(theCase),
    dnssecFindings(theCase),
    daneFindings(theCase),
    mtastsFindings(theCase),
    tlsrptFindings(theCase),
    sendersFindings(theCase),
  ]);
  return asked.flat();
}

/** Every rule. @param simulation what each kind of sender would do in this case, where that is known already. */
export function* allFindings(
  theCase: CheckCase,
  simulation: Pick<Simulation, 'outcomes'> = simulate(theCase),
): PolicyLookUp<readonly Finding[]> {
  const asked = yield* askingFindings(theCase);
  const found = [
    ...connFindings(theCase),
    ...smtpFindings(theCase),
    ...starttlsFindings(theCase),
    ...mailboxFindings(theCase),
    ...tlsFindings(theCase),
    ...certFindings(theCase),
    ...asked,
  ];
  return withLoss(theCase, simulation, found).toSorted(
    (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity),
  );
}
