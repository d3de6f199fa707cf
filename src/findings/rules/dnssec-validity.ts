/** Whether the signatures of a zone are renewed in time. RFC 6781 §4.4.2. */
import type { Answer } from '../../dns/answer.ts';
import { showName } from '../../dns/name.ts';
import { showType } from '../../dns/show.ts';
import { formatMoment } from '../../names/calendar.ts';
import { zoneFinding } from '../ask.ts';
import type { Finding, FindingScope } from '../finding.ts';

const DAY_SECONDS = 86_400;
/** Signers renew with more than this left; some zones sign for two days only, so that days alone say nothing. */
const LEAST_PART = 1 / 10;
const LEAST_SECONDS = 3 * DAY_SECONDS;

/** @param now milliseconds since 1970; after the end of the signatures where a moment to come is judged. */
export function validityFindings(answer: Answer, scope: FindingScope, now: number): Finding[] {
  const { signedSince, signedUntil, question } = answer;
  if (signedSince === null || signedUntil === null) return [];
  const left = signedUntil - now / 1000;
  const isLate = left < LEAST_SECONDS && left < (signedUntil - signedSince) * LEAST_PART;
  const what = `${showName(question.name)} ${showType(question.type)}`;
  const times = `the signatures by which ${what} is proven hold from ${formatMoment(signedSince)} to ${formatMoment(signedUntil)}`;
  if (!isLate) return [zoneFinding('dnssec.rrsig-expiring', 'pass', { scope, evidence: [times] })];
  const hours = Math.max(0, Math.floor(left / 3600));
  const rest = left < 0 ? 'unless they are renewed, they are over then' : `${hours} hours of that are left`;
  return [zoneFinding('dnssec.rrsig-expiring', 'warn', { scope, evidence: [times, rest] })];
}
