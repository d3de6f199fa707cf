/** What a person asks DNS on the command line: a name, international or not, and a type. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { type Name, parseName, showName } from '../dns/name.ts';
import { type Question, type RecordType, types } from '../dns/record.ts';
import { reverseName } from '../dns/reverse.ts';
import { parseType } from '../dns/show.ts';
import { isAscii, type Parsed, quote } from '../names/domain.ts';

/** Reads NAME and TYPE; `because` says what would be right. */
export function parseQuestion(name: string, type: string): Parsed<Question> {
  const asked = parseAskedName(name);
  if (asked.kind === 'invalid') return asked;
  const number = parseAskedType(type);
  return number.kind === 'ok' ? { kind: 'ok', value: { name: asked.value, type: number.value } } : number;
}

/**
 * Reads a name as people write it: each label in ASCII as zone files have it (`_25`, `*`, `\032`), each other one by
 * IDNA (UTS 46 as WHATWG uses it).
 */
function parseAskedName(text: string): Parsed<Name> {
  if (isIP(text) !== 0) {
    const reverse = showName(reverseName(text.replace(/%.*/s, '')));
    return invalid(`${quote(text)} is an address; its names are at ${reverse}, type PTR`);
  }
  if (text === '') return invalid('the name is empty; the root is written "."');
  if (isAscii(text)) return parseName(text);
  const labels: string[] = [];
  for (const label of splitLabels(text)) {
    const ascii = isAscii(label) ? label : toAscii(label);
    if (ascii === undefined) {
      return invalid(`${quote(label)} in ${quote(text)} is not a valid international label (IDNA)`);
    }
    labels.push(ascii);
  }
  return parseName(labels.join('.'));
}

/** At dots that are not escaped: the full stop, and those of other scripts that UTS 46 makes full stops. */
function splitLabels(text: string): readonly string[] {
  const labels = [''];
  for (const [part] of text.matchAll(/\\.|./gsu)) {
    if (/^[.\u3002\uff0e\uff61]$/u.test(part)) labels.push('');
    else labels[labels.length - 1] += part;
  }
  return labels;
}

/** @returns undefined where it is none. */
function toAscii(label: string): string | undefined {
  // Only what no URL could give another meaning; and not alone, as a label of digits would be read as an address.
  if (!/^[a-z0-9_\u0080-\u{10ffff}-]+$/iu.test(label)) return undefined;
  const [first = '', ...rest] = domainToASCII(`${label}.test`).split('.');
  return first !== '' && rest.join('.') === 'test' ? first : undefined;
}

function parseAskedType(text: string): Parsed<RecordType> {
  const type = parseType(text);
  if (type.kind === 'invalid') return invalid(`${type.because}; ask for one type, such as MX or TYPE52`);
  return type.value === types.RRSIG
    ? invalid(
        'signatures are not signed themselves, so no answer to RRSIG can be proven; ask for what they sign',
      )
    : type;
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
