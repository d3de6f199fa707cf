/** Who sealed a message by ARC, and what each of them had found. RFC 8617 §4.1. */
import type { ARCChainEntry } from 'mailauth';
import type { ArcSealer } from '../../mail/authentication-results.ts';
import { fieldsNamed, type HeaderSection, unfoldedValue } from '../../mail/headers.ts';

/** RFC 8617 §4.1.1: the instance stands in front of what is otherwise an Authentication-Results. */
const INSTANCE = /^[ \t]*i[ \t]*=[ \t]*(\d{1,2})[ \t]*;/;

/** @param chain one whose seals were verified, the oldest set first. @returns the newest first. */
export function sealersOf(
  chain: readonly ARCChainEntry[],
  head: Uint8Array,
  section: HeaderSection,
): readonly ArcSealer[] {
  const found = new Map<number, string>();
  for (const field of fieldsNamed(section, 'arc-authentication-results')) {
    const value = unfoldedValue(head, field);
    const match = INSTANCE.exec(value);
    if (match !== null) found.set(Number(match[1]), value.slice(match[0].length));
  }
  return chain.toReversed().map((entry) => ({
    domain: String(entry['arc-seal']?.parsed?.d?.value ?? '').toLowerCase(),
    results: found.get(entry.i) ?? '',
  }));
}
