/**
 * The parameters of MAIL and RCPT, read exactly.
 *
 * RFC 5321 §4.1.1.11; SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), AUTH (RFC 4954 §5), REQUIRETLS
 * (RFC 8689), RET, ENVID, NOTIFY and ORCPT (RFC 3461 §4, RFC 6533 §3); XVERP as Postfix has it.
 */
import { isAscii } from '../../../names/domain.ts';
import { parseMailbox } from '../../../names/mailbox.ts';
import type { NotifyCondition, RecipientWishes, SenderWishes } from '../../../names/wishes.ts';
import { decodeUnitext, decodeXtext, toAsciiUnitext } from '../../../names/xtext.ts';

export interface MailParameters {
  readonly size: number | undefined;
  readonly smtpUtf8: boolean;
  readonly requireTls: boolean;
  readonly wishes: SenderWishes;
  /** The delimiters that stand with XVERP, empty where none do; undefined: XVERP does not stand there. */
  readonly verp: string | undefined;
}

/** What is wrong with them. */
export interface BadParameter {
  readonly kind: 'bad';
  readonly code: 501 | 555;
  readonly because: string;
}

/** Keyword in upper case to its value; no keyword stands twice. */
export type Parameters = ReadonlyMap<string, string | undefined>;

/** RFC 3461 §4.4 and §4.2: characters of ENVID and ORCPT. */
const MAX_ENVELOPE_ID = 100;
const MAX_ORIGINAL_RECIPIENT = 500;

// Beyond ASCII only SMTPUTF8 brings anything, and only ORCPT has a use for it (RFC 6533 §3).
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e\u{80}-\u{10ffff}]+))?$/u;

/** The one value that may hold an equals sign. */
const XVERP = /^(XVERP)=([\x21-\x7e]{1,10})$/i;

/** Splits what follows the path. */
export function splitParameters(
  text: string,
): { readonly kind: 'split'; readonly values: Parameters } | BadParameter {
  const values = new Map<string, string | undefined>();
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const match = PARAMETER.exec(word) ?? XVERP.exec(word);
    const keyword = match?.[1]?.toUpperCase();
    if (match === null || keyword === undefined) return bad(501, 'a parameter is malformed');
    if (values.has(keyword)) return bad(501, `the parameter ${keyword} stands twice`);
    values.set(keyword, match[2]);
  }
  return { kind: 'split', values };
}

/** Reads those of MAIL. */
export function readMailParameters(
  values: Parameters,
): { readonly kind: 'read'; readonly parameters: MailParameters } | BadParameter {
  for (const [keyword, value] of values) {
    const fault = mailFault(keyword, value);
    if (fault !== undefined) return fault;
  }
  const size = values.get('SIZE');
  const ret = values.get('RET')?.toUpperCase();
  return {
    kind: 'read',
    parameters: {
      size: size === undefined ? undefined : Number(size),
      smtpUtf8: values.has('SMTPUTF8'),
      requireTls: values.has('REQUIRETLS'),
      wishes: {
        ret: ret === undefined ? null : ret === 'FULL' ? 'full' : 'headers',
        envelopeId: values.get('ENVID') ?? null,
      },
      verp: values.has('XVERP') ? (values.get('XVERP') ?? '') : undefined,
    },
  };
}

function mailFault(keyword: string, value: string | undefined): BadParameter | undefined {
  switch (keyword) {
    case 'SIZE':
      return /^[0-9]{1,20}$/.test(value ?? '') ? undefined : bad(501, 'SIZE needs a number of octets');
    case 'BODY':
      return bodyFault(value?.toUpperCase());
    case 'SMTPUTF8':
    case 'REQUIRETLS':
      return value === undefined ? undefined : bad(501, `${keyword} has no value`);
    case 'RET':
      return /^(?:FULL|HDRS)$/i.test(value ?? '') ? undefined : bad(501, 'RET is FULL or HDRS');
    case 'ENVID':
      return envelopeIdFault(value ?? '');
    case 'XVERP':
      // Which delimiters are taken is the operator's word.
      return undefined;
    case 'AUTH':
      return isMailAuth(value ?? '') ? undefined : bad(501, 'AUTH needs a mailbox in xtext, or <>');
    default:
      return bad(555, `the MAIL parameter ${keyword} is not supported`);
  }
}

function bodyFault(type: string | undefined): BadParameter | undefined {
  if (type === '7BIT' || type === '8BITMIME') return undefined;
  // RFC 3030 §3: without the extension BINARYMIME is a parameter that is not implemented.
  return type === 'BINARYMIME'
    ? bad(555, 'BODY=BINARYMIME is not supported')
    : bad(501, 'BODY is 7BIT or 8BITMIME');
}

function envelopeIdFault(value: string): BadParameter | undefined {
  const decoded = decodeXtext(value);
  // RFC 3461 §4.4: what it stands for is printable; a report would write it into a header field.
  if (value === '' || decoded === undefined || !/^[\x20-\x7e]*$/.test(decoded)) {
    return bad(501, 'ENVID needs printable characters in xtext');
  }
  if (value.length > MAX_ENVELOPE_ID) return bad(501, `ENVID is longer than ${MAX_ENVELOPE_ID} characters`);
  return undefined;
}

/** RFC 4954 §5. Nobody's word for who wrote a message is believed here, so that it only has to be well-formed. */
function isMailAuth(value: string): boolean {
  const decoded = decodeXtext(value);
  return decoded === '<>' || (decoded !== undefined && parseMailbox(decoded).kind === 'ok');
}

/** Reads those of RCPT; `utf8`: the message came with SMTPUTF8. */
export function readRcptParameters(
  values: Parameters,
  utf8: boolean,
): { readonly kind: 'read'; readonly wishes: RecipientWishes } | BadParameter {
  let notify: readonly NotifyCondition[] | null = null;
  let originalRecipient: string | null = null;
  for (const [keyword, value = ''] of values) {
    if (keyword === 'NOTIFY') {
      const conditions = parseNotify(value);
      if (conditions === undefined) return bad(501, 'NOTIFY is NEVER, or some of SUCCESS,FAILURE,DELAY');
      notify = conditions;
    } else if (keyword === 'ORCPT') {
      const parsed = parseOriginalRecipient(value, utf8);
      if (typeof parsed !== 'string') return parsed;
      originalRecipient = parsed;
    } else return bad(555, `the RCPT parameter ${keyword} is not supported`);
  }
  return { kind: 'read', wishes: { notify, originalRecipient } };
}

const conditions: ReadonlyMap<string, NotifyCondition> = new Map([
  ['SUCCESS', 'success'],
  ['FAILURE', 'failure'],
  ['DELAY', 'delay'],
]);

function parseNotify(value: string): NotifyCondition[] | undefined {
  if (value.toUpperCase() === 'NEVER') return [];
  const words = value.split(',').map((word) => conditions.get(word.toUpperCase()));
  const known = words.filter((word) => word !== undefined);
  return known.length === words.length && new Set(known).size === known.length ? known : undefined;
}

/** @returns it in ASCII, as hosts without SMTPUTF8 take it too. */
function parseOriginalRecipient(value: string, utf8: boolean): string | BadParameter {
  const [whole, type = '', address = ''] = /^([A-Za-z0-9](?:[A-Za-z0-9-]{0,62}));(.+)$/su.exec(value) ?? [];
  if (whole === undefined || (!isAscii(value) && !utf8)) return bad(501, 'ORCPT needs type;address in xtext');
  const decoded = type.toLowerCase() === 'utf-8' ? decodeUnitext(address) : decodeXtext(address);
  if (decoded === undefined || !/^[\x20-\x7e\u{a0}-\u{10ffff}]+$/u.test(decoded)) {
    return bad(501, 'ORCPT needs a printable address in xtext');
  }
  const ascii = `${type};${toAsciiUnitext(address)}`;
  if (ascii.length > MAX_ORIGINAL_RECIPIENT) {
    return bad(501, `ORCPT is longer than ${MAX_ORIGINAL_RECIPIENT} characters`);
  }
  return ascii;
}

function bad(code: 501 | 555, because: string): BadParameter {
  return { kind: 'bad', code, because };
}
