/** Where a multi-line data block or an article ends, as it passes by. RFC 3977 §3.1.1. */

const END = Buffer.from('\r\n.\r\n');
const CR = 0x0d;

/** How much of the end was seen last; a block begins at the beginning of a line. */
export const blockBegins = 2;

/** @property end octets up to and with the end; undefined where it is not among these. */
export interface Scanned {
  readonly end: number | undefined;
  readonly matched: number;
}

/** Looks for the end in the next octets of a block, each of which is looked at once. */
export function scanBlock(octets: Buffer, matched: number): Scanned {
  let at = 0;
  let seen = matched;
  // What was begun before these octets, up to where it is no end.
  while (seen > 0 && at < octets.length) {
    seen = advance(seen, octets[at]);
    at += 1;
    if (seen === END.length) return { end: at, matched: blockBegins };
  }
  if (at === octets.length) return { end: undefined, matched: seen };
  const found = octets.indexOf(END, at);
  if (found !== -1) return { end: found + END.length, matched: blockBegins };
  for (const octet of octets.subarray(Math.max(at, octets.length - END.length + 1)))
    seen = advance(seen, octet);
  return { end: undefined, matched: seen };
}

function advance(matched: number, octet: number | undefined): number {
  if (octet === END[matched]) return matched + 1;
  return octet === CR ? 1 : 0;
}
