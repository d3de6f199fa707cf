/**
 * The TXT record that says that a domain has an MTA-STS policy, and which one: RFC 8461 §3.1.
 *
 * It is only a signal. That it is missing or wrong ends no policy that is known already (RFC 8461 §5.1).
 */
import { type Domain, type Parsed, parseDomain, quote } from '../../names/domain.ts';

export type StsRecord =
  /** `id`: 1 to 32 letters and digits. */
  | { readonly kind: 'found'; readonly id: string }
  /** No record there is one of MTA-STS. */
  | { readonly kind: 'absent'; readonly because: string }
  /** There is one that cannot be used, or more than one; for a sender the same as `absent`. */
  | { readonly kind: 'invalid'; readonly because: string };

/** What is wrong with a record that cannot be used: there are several, its form, or the id alone. */
export type StsRecordFault = 'multiple' | 'syntax' | 'id';

/** With what is wrong, where it is `invalid`. */
interface Read {
  readonly record: StsRecord;
  readonly fault?: StsRecordFault;
}

const VERSION = 'v=STSv1';
/** sts-field-delim: also behind the version, where only one record is there. */
const DELIMITER = /[ \t]*;[ \t]*/y;
/** sts-extension, of which sts-id is a stricter form. Neither "=" nor ";" nor space stands in a value. */
const FIELD = /([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([\x21-\x3a\x3c\x3e-\x7e]+)/y;
const ID = /^[A-Za-z0-9]{1,32}$/;

/** Where the record of a domain stands; a domain can be too long to have one. */
export function stsRecordName(domain: Domain): Parsed<Domain> {
  return parseDomain(`_mta-sts.${domain}`);
}

/**
 * Reads the TXT records at `_mta-sts.DOMAIN`, each a list of character-strings with one character for each octet.
 *
 * "the record MUST be treated as if those strings are concatenated together without adding spaces." "If the number of
 * resulting records is not one, or if the resulting record is syntactically invalid, senders MUST assume the recipient
 * domain does not have an available MTA-STS Policy" (RFC 8461 §3.1).
 */
export function readStsRecord(txts: readonly (readonly string[])[]): StsRecord {
  return read(txts).record;
}

/** What is wrong with the records of which {@link readStsRecord} says `invalid`. @returns undefined for others. */
export function faultOfStsRecord(txts: readonly (readonly string[])[]): StsRecordFault | undefined {
  return read(txts).fault;
}

function read(txts: readonly (readonly string[])[]): Read {
  const records = txts.map((strings) => strings.join(''));
  const [only] = records;
  if (only === undefined) return absent('there is no TXT record');
  // "If multiple TXT records … are returned by the resolver, records that do not begin with "v=STSv1;" are discarded."
  // One alone may have white space before the semicolon, as its grammar says.
  const candidates =
    records.length === 1 ? records : records.filter((text) => text.startsWith(`${VERSION};`));
  const [record] = candidates;
  if (record === undefined) {
    return absent(`none of the ${records.length} TXT records begins with "${VERSION};"`);
  }
  if (candidates.length > 1) {
    const because = `${candidates.length} TXT records begin with "${VERSION};", and there must be exactly one`;
    return { record: { kind: 'invalid', because }, fault: 'multiple' };
  }
  return readOne(record);
}

function readOne(text: string): Read {
  if (!/^v=STSv1(?:[; \t]|$)/.test(text)) {
    return absent(`the TXT record ${quote(text)} does not begin with "${VERSION};"`);
  }
  let id: string | undefined;
  let fields = 0;
  let at = VERSION.length;
  while (at < text.length) {
    const delimiter = matchAt(DELIMITER, text, at);
    if (delimiter === undefined)
      return invalid('syntax', text, `has something other than ";" at ${showRest(text, at)}`);
    at += delimiter[0].length;
    // A semicolon may end the record, behind a field.
    if (at === text.length && fields > 0) break;
    const field = matchAt(FIELD, text, at);
    if (field === undefined)
      return invalid('syntax', text, `has no field name=value at ${showRest(text, at)}`);
    at += field[0].length;
    fields += 1;
    // RFC 8461 §3.2, of both forms: of a field that is there twice "all entries except for the first SHALL be ignored".
    if (field[1] === 'id') id ??= field[2];
  }
  if (id === undefined) return invalid('id', text, 'has no field "id"');
  if (!ID.test(id))
    return invalid('id', text, `has the id ${quote(id)}: it must be 1 to 32 letters and digits`);
  return { record: { kind: 'found', id } };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function showRest(text: string, at: number): string {
  return at === text.length ? 'its end' : quote(text.slice(at, at + 20));
}

function absent(because: string): Read {
  return { record: { kind: 'absent', because } };
}

function invalid(fault: StsRecordFault, text: string, because: string): Read {
  return { record: { kind: 'invalid', because: `the TXT record ${quote(text)} ${because}` }, fault };
}
