/** What a message asks of its way: MAIL's REQUIRETLS, `TLS-Required: No` (RFC 8689), and two header fields of our own. */
import { fieldsNamed, type HeaderField, type HeaderSection, unfoldedValue } from '../mail/headers.ts';
import type { MessageTerms, TlsWish } from '../names/message-terms.ts';
import type { RequireTlsLevel } from '../policies/message.ts';
import type { Refusal } from '../protocols/smtp/server/state.ts';
import type { Submitter } from './arrival.ts';
import type { Omission, Treatment } from './treatment.ts';

export interface DemandRules {
  /** How far REQUIRETLS is honoured where no route says otherwise. */
  readonly requireTls: RequireTlsLevel;
  /** Whether `TLS-Required: No` sets aside what recipient domains demand. */
  readonly tlsRequiredNo: 'obey' | 'ignore';
}

/** Ours, for one message, from those who may relay: `Waxwing-TLS: authenticate`, `Waxwing-Tell: outcome`. */
const TLS_FIELD = 'Waxwing-TLS';
const TELL_FIELD = 'Waxwing-Tell';

const WORDS: ReadonlyMap<string, TlsWish> = new Map([
  ['encrypt', 'encrypt'],
  ['authenticate', 'authenticate'],
  ['requiretls', 'requiretls'],
]);

/** Our own fields do not travel: they are said to this relay alone. */
export const omitOwnFields: Omission = ({ role }, _, section) =>
  role === 'submission' && asksSomething(section)
    ? [...fieldsNamed(section, TLS_FIELD), ...fieldsNamed(section, TELL_FIELD)]
    : [];

/**
 * Reads what the message asks for; goes before all other steps.
 *
 * @param isTold whether all mail of an account is to be told of.
 */
export function readDemands(rules: DemandRules, isTold: (account: string) => boolean): Treatment {
  return ({ submitter, head, section }, before) => {
    const { terms } = before;
    const always = terms.account !== null && isTold(terms.account);
    if (terms.tls === null && !always && !asksSomething(section)) return before;
    const own = ownFields(submitter, head, section);
    if (own.kind === 'refused') return own;
    const wishes = [terms.tls, own.tls, optionalIn(head, section, rules)];
    const tls = STRICTEST_FIRST.find((wish) => wishes.includes(wish)) ?? null;
    if (tls === 'requiretls' && rules.requireTls === 'off') {
      return refused('this relay does not do REQUIRETLS ([relay] requiretls is off)');
    }
    const tellOutcome = terms.tellOutcome || always || own.tellOutcome;
    if (tls === terms.tls && tellOutcome === terms.tellOutcome) return before;
    return { ...before, terms: { ...terms, tls, tellOutcome } };
  };
}

/** Whether one of the fields may be among them: most messages have none, and names cost least by their length and initial. */
function asksSomething({ fields }: HeaderSection): boolean {
  return fields.some(({ name }) => (name.length === 11 || name.length === 12) && /^[tw]/i.test(name));
}

/** RFC 8689 §4.1: beside REQUIRETLS the header field is ignored; so it is beside every wish for TLS. */
const STRICTEST_FIRST: readonly TlsWish[] = ['requiretls', 'authenticate', 'encrypt', 'optional'];

type Own = Pick<MessageTerms, 'tls' | 'tellOutcome'>;
type Refused = { readonly kind: 'refused' } & Refusal;

const nothingOwn: { readonly kind: 'read' } & Own = { kind: 'read', tls: null, tellOutcome: false };

/** RFC 6409 §6: what a submission says of its own handling is exact, or it comes back at once. */
function ownFields(
  { role }: Submitter,
  head: Uint8Array,
  section: HeaderSection,
): ({ readonly kind: 'read' } & Own) | Refused {
  if (role !== 'submission') return nothingOwn;
  const tlsFields = fieldsNamed(section, TLS_FIELD);
  const tellFields = fieldsNamed(section, TELL_FIELD);
  if (tlsFields.length === 0 && tellFields.length === 0) return nothingOwn;
  if (tlsFields.length > 1) return refused(`the header field ${TLS_FIELD} stands more than once`);
  if (tellFields.length > 1) return refused(`the header field ${TELL_FIELD} stands more than once`);
  const [tlsField] = tlsFields;
  const tls = tlsField === undefined ? null : WORDS.get(wordOf(head, tlsField));
  if (tls === undefined)
    return refused(`the header field ${TLS_FIELD} is encrypt, authenticate or requiretls`);
  const [tellField] = tellFields;
  if (tellField !== undefined && wordOf(head, tellField) !== 'outcome') {
    return refused(`the header field ${TELL_FIELD} is outcome, or absent`);
  }
  return { kind: 'read', tls, tellOutcome: tellField !== undefined };
}

function wordOf(head: Uint8Array, field: HeaderField): string {
  return unfoldedValue(head, field)
    .replaceAll(/^[ \t]+|[ \t]+$/g, '')
    .toLowerCase();
}

function refused(text: string): Refused {
  return { kind: 'refused', code: 554, enhanced: '5.6.0', text };
}

/**
 * RFC 8689 §3: `"TLS-Required:" [FWS] "No" CRLF`, and "More than one instance of the TLS-Required header field MUST NOT
 * appear": where it is written in any other way nothing of it is obeyed, as that would take protection away.
 */
function optionalIn(
  head: Uint8Array,
  section: HeaderSection,
  { tlsRequiredNo }: DemandRules,
): TlsWish | null {
  if (tlsRequiredNo === 'ignore' || section.endedBy === 'limit') return null;
  const [field, ...more] = fieldsNamed(section, 'tls-required');
  if (field === undefined || more.length > 0) return null;
  const isExact = field.valueStart === field.start + field.name.length + 1;
  return isExact && /^[ \t]*no$/i.test(unfoldedValue(head, field)) ? 'optional' : null;
}
