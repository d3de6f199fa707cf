/**
 * Finds the end of a message's content that is passed on unchanged.
 *
 * RFC 5321 §4.1.1.4: the end is exactly CRLF "." CRLF. A dot that is alone on its line under any other reading of line
 * ends (`\n.\n`, `\n.\r\n`, `\r\n.\r` …) is the end for some servers and not for others: what follows it would be
 * commands to a backend, and content to us and to whoever sent it (SMTP smuggling, CVE-2023-51764, -51765, -51766).
 */

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

/** The last two octets that were passed on; at the beginning as if a line had just ended. */
export type Tail = readonly [number, number];

export const beginning: Tail = [CR, LF];

export type ContentScan =
  /** `used` octets are content, the rest cannot be told yet. */
  | { readonly kind: 'more'; readonly used: number; readonly tail: Tail }
  /** The end is among the `used` octets. */
  | { readonly kind: 'end'; readonly used: number }
  /** What comes `used` octets from here is an end for some and not for others. */
  | { readonly kind: 'ambiguous'; readonly used: number };

/** The same for every cut of the octets. */
export function scanContent(unread: Buffer, tail: Tail): ContentScan {
  for (let from = 0; ; ) {
    const dot = unread.indexOf(DOT, from);
    if (dot === -1) return more(unread, unread.length, tail);
    const [before, last] = tailAt(unread, dot, tail);
    from = dot + 1;
    if (last !== CR && last !== LF) continue;
    const [next, afterNext] = [unread[dot + 1], unread[dot + 2]];
    if (next === undefined) return more(unread, dot, tail);
    if (next !== CR && next !== LF) continue;
    if (before !== CR || last !== LF || next !== CR) return { kind: 'ambiguous', used: dot };
    if (afterNext === undefined) return more(unread, dot, tail);
    return afterNext === LF ? { kind: 'end', used: dot + 3 } : { kind: 'ambiguous', used: dot };
  }
}

function more(unread: Buffer, used: number, tail: Tail): ContentScan {
  return { kind: 'more', used, tail: tailAt(unread, used, tail) };
}

/** The two octets before a place in `unread`. */
function tailAt(unread: Buffer, at: number, [first, second]: Tail): Tail {
  if (at === 0) return [first, second];
  const last = unread[at - 1] ?? 0;
  return at === 1 ? [second, last] : [unread[at - 2] ?? 0, last];
}
