/** Addresses of IPv6 as text. RFC 5952. */
import { u16 } from './octets.ts';

/** An address of 16 octets, as the operating system writes it: with dots where it holds an IPv4 address. */
export function showIpv6(octets: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, index) => u16(octets, 2 * index));
  const { from, length } = longestZeros(words);
  const dotted = from === 0 && (length === 6 || (length === 5 && words[5] === 0xffff));
  const texts = words.slice(0, dotted ? 6 : 8).map((word) => word.toString(16));
  if (dotted) texts.push(octets.subarray(12).join('.'));
  if (length < 2) return texts.join(':');
  return `${texts.slice(0, from).join(':')}::${texts.slice(from + length).join(':')}`;
}

/** The first of the longest runs of zeros. */
function longestZeros(words: readonly number[]): { from: number; length: number } {
  let longest = { from: 0, length: 0 };
  let run = 0;
  for (const [index, word] of words.entries()) {
    run = word === 0 ? run + 1 : 0;
    if (run > longest.length) longest = { from: index + 1 - run, length: run };
  }
  return longest;
}
