/**
 * User names and passwords in one spelling, so that both ends of SCRAM compute with the same octets.
 *
 * SASLprep (RFC 4013) as a stored string: spaces are mapped, what shows nothing is removed, NFKC, and prohibited
 * characters are refused. Two of its rules are left out: NFKC and the classes of characters are those of the
 * Unicode of this Node, not of Unicode 3.2, and text of mixed direction is not checked.
 */
import type { Parsed } from '../../names/domain.ts';

const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
/** RFC 3454 table B.1. */
const NOTHING =
  /\u{ad}|\u{34f}|\u{1806}|[\u{180b}-\u{180d}]|\u{200c}|\u{200d}|\u{2060}|[\u{fe00}-\u{fe0f}]|\u{feff}/gu;
/** RFC 3454 tables C.2 to C.9, and what Unicode has not assigned. */
const PROHIBITED = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u0340\u0341\u2028\u2029\u2ff0-\u2ffb\ufffc\ufffd]/u;

/** Prepares a user name or a password; an empty one is invalid. */
export function saslPrep(text: string): Parsed<string> {
  const prepared = text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
  if (prepared === '') return { kind: 'invalid', because: 'it is empty' };
  if (PROHIBITED.test(prepared))
    return { kind: 'invalid', because: 'it holds a character that is not allowed' };
  return { kind: 'ok', value: prepared };
}
