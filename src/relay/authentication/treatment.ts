/** The step of the intake that finds out who sent a message of a client that is not trusted, and acts on it. */
import { authenticationResults, claimedResults } from '../../mail/authentication-results.ts';
import { fieldsNamed, type HeaderSection } from '../../mail/headers.ts';
import type { Domain } from '../../names/domain.ts';
import type { IncomingMessage, Omission, Span, Treated, Treatment } from '../treatment.ts';
import { bogusAnswers } from './bogus-answers.ts';
import { type EvaluationParts, evaluate, prepare } from './evaluate.ts';
import { type Actions, dmarcActions, spfActions, type Verdict, verdictOf } from './verdict.ts';

export interface AuthenticationSettings {
  /** Who says so in Authentication-Results (RFC 8601 §2.5). */
  readonly authservId: string;
  readonly actions: Actions;
  /** Where one of our own domains wants something else. */
  readonly ofDomains: ReadonlyMap<Domain, Actions>;
  /** Domains in lower case. */
  readonly trustedSealers: readonly string[];
  /** Milliseconds for all look-ups of a message; half as much again for DMARC. */
  readonly withinMs: number;
  readonly lookUp: EvaluationParts['lookUp'];
}

interface Log {
  /** What became of a message, where that is not simply to be taken. */
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  readonly onError: EvaluationParts['onError'];
}

/** By which the mailbox sets mail apart; its value is the cause. */
const QUARANTINE_FIELD = 'Waxwing-Quarantine';

/** What others say in our name is not kept, and known to be theirs. */
export function forgedFields({ authservId }: AuthenticationSettings): Omission {
  return (submitter, head, section): readonly Span[] =>
    submitter.trusted
      ? []
      : [...claimedResults(head, section, authservId), ...fieldsNamed(section, QUARANTINE_FIELD)];
}

export function authentication(settings: AuthenticationSettings, log: Log): Treatment {
  const { authservId, withinMs, lookUp } = settings;
  const watched = bogusAnswers(log.onOddity);
  prepare();
  return (message, before) => {
    const { submitter, head, section } = message;
    if (submitter.role !== 'mx' || submitter.trusted) return before;
    const unreadable = unreadableHeader(head, section);
    if (unreadable !== undefined) return unreadable;
    const parts: EvaluationParts = {
      lookUp: watched(lookUp, { id: message.id, client: submitter.address, at: message.at }),
      withinMs,
      receiver: authservId,
      onError: log.onError,
    };
    return judged(message, before, parts, settings, log);
  };
}

async function judged(
  message: IncomingMessage,
  before: Treated,
  parts: EvaluationParts,
  settings: AuthenticationSettings,
  log: Log,
): Promise<Treated | Refused> {
  const { authservId, trustedSealers } = settings;
  const { submitter, envelope } = message;
  const { hello, sender } = envelope;
  const client = submitter.anonymous === true ? null : submitter.address;
  const { results, dmarc } = await evaluate(parts, { ...message, client, hello, sender });
  const verdict = verdictOf(results, dmarc, actionsFor(before, settings), trustedSealers);
  if (verdict.kind !== 'taken') tell(log, message, verdict);
  if (verdict.kind === 'refused') return verdict;
  const field = authenticationResults(authservId, results, client);
  const mark = verdict.kind === 'set-apart' ? `${QUARANTINE_FIELD}: ${verdict.because}\r\n` : '';
  return { ...before, fields: `${field}${mark}${before.fields}`, authentication: results };
}

type Refused = Extract<Verdict, { kind: 'refused' }>;

/**
 * Fields that we do not see, and the next reader may: those behind the limit, and those behind a line that is no field.
 * Beside them a field of so many lines, or so many lines that are none, that mailauth, which puts each to those before it,
 * would stand still over them.
 *
 * @returns undefined where there are none.
 */
function unreadableHeader(head: Uint8Array, section: HeaderSection): Refused | undefined {
  if (section.endedBy === 'limit') return tooLong('the header section is too long');
  if (section.fields.some(({ start, end }) => hasTooManyLines(head.subarray(start, end))))
    return tooLong('a header field has too many lines');
  if (section.endedBy !== 'not-a-field') return undefined;
  const rest = Buffer.from(head.buffer, head.byteOffset, head.length).subarray(section.end);
  const end = rest.indexOf('\r\n\r\n');
  const skipped = end === -1 ? rest : rest.subarray(0, end);
  if (TELLING.test(skipped.toString('latin1')))
    return {
      kind: 'refused',
      code: 550,
      enhanced: '5.6.0',
      text: 'a line of the header section is not a field',
    };
  return skipped.length > MOST_SKIPPED || hasTooManyLines(skipped)
    ? tooLong('a line of the header section is not a field, and no empty line follows soon')
    : undefined;
}

/**
 * Fields of which it matters who sees them, or how many there are. Some readers skip the line that is no field and go on (as
 * mailauth does, also with a fold in front of a colon), some take it as the beginning of the text.
 */
const TELLING =
  /^(?:authentication-results|waxwing-quarantine|from|dkim-signature|arc-[a-z-]+)(?:\r\n)?[ \t]*:/im;
/** Of one field, and behind a line that is none: more of them do not fit into the limit of a section at a usual length. */
const MOST_LINES = 1_000;
/** Octets behind a line that is no field: as many as are looked at of a section. */
const MOST_SKIPPED = 64 * 1024;
const SHORTEST_LINE = 3;
const LF = 0x0a;

function hasTooManyLines(octets: Uint8Array): boolean {
  if (octets.length < MOST_LINES * SHORTEST_LINE) return false;
  let lines = 0;
  for (let at = octets.indexOf(LF); at !== -1; at = octets.indexOf(LF, at + 1)) lines += 1;
  return lines > MOST_LINES;
}

function tooLong(text: string): Refused {
  return { kind: 'refused', code: 552, enhanced: '5.3.4', text };
}

/** Of recipients in several domains the mildest word counts: what one of them wants is not refused for another. */
function actionsFor({ recipients }: Treated, { actions, ofDomains }: AuthenticationSettings): Actions {
  if (ofDomains.size === 0) return actions;
  const wanted = recipients.map(({ mailbox: { at } }) =>
    at.kind === 'domain' ? (ofDomains.get(at.domain) ?? actions) : actions,
  );
  return {
    dmarc: dmarcActions.find((one) => wanted.some(({ dmarc }) => dmarc === one)) ?? actions.dmarc,
    spfHardFail:
      spfActions.find((one) => wanted.some(({ spfHardFail }) => spfHardFail === one)) ?? actions.spfHardFail,
  };
}

function tell(
  { onOddity }: Log,
  { id, submitter, envelope }: IncomingMessage,
  verdict: Exclude<Verdict, { kind: 'taken' }>,
): void {
  const about = { client: submitter.address, id, from: envelope.sender?.text ?? '' };
  if (verdict.kind === 'set-apart') onOddity(`mail marked to be set apart: ${verdict.because}`, about);
  else onOddity(`mail refused: ${verdict.code} ${verdict.enhanced} ${verdict.text}`, about);
}
