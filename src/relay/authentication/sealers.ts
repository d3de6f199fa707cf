/** Who sealed a message by ARC, and what each of them had found. RFC 8617 §4.1. */
import type { ARCChainEntry } from 'mailauth';
import type { ArcSealer } from '../../mail/authentication-results.ts';

/** RFC 8617 §4.1.1: the instance stands in front of what is otherwise an Authentication-Results. */
const INSTANCE = /^[ \t]*i[ \t]*=[ \t]*\d{1,2}[ \t]*;/;

/**
 * What each of them says is read from the very field that its seal was verified over: another one of the same name and
 * instance, which mailauth was not given, is nobody's word.
 *
 * @param chain one whose seals were verified, the oldest set first. @returns the newest first.
 */
export function sealersOf(chain: readonly ARCChainEntry[]): readonly ArcSealer[] {
  return chain.toReversed().map((entry) => {
    const value = valueOf(entry['arc-authentication-results']?.original ?? '');
    const match = INSTANCE.exec(value);
    return {
      domain: String(entry['arc-seal']?.parsed?.d?.value ?? '').toLowerCase(),
      results: match === null ? '' : value.slice(match[0].length),
    };
  });
}

/** @param original a whole field; octets, although the types of mailauth have text. */
function valueOf(original: string): string {
  const field = Buffer.from(original, 'latin1').toString('latin1');
  return field.slice(field.indexOf(':') + 1).replace(/\r\n(?=[ \t])/g, '');
}
