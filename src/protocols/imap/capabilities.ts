/** Capabilities of the server behind a gateway, as its client may see them. RFC 9051 §7.2.2, §7.1. */

/** Whether a line lists capabilities: as a response, or as the code of a status. */
const LISTS = /^(?:\* CAPABILITY\b|(?:[^ ]+) (?:OK|NO|BAD|BYE|PREAUTH) \[CAPABILITY\b)/i;

/**
 * What ends with the upgrade (RFC 9051 §6.2.1, §6.2.3): the client has TLS, and could not have it twice.
 *
 * Taken out however the backend spaces its words: what a client might read must not depend on the grammar.
 */
const HIDDEN = /(?<![ \t])[ \t]+(?:STARTTLS|LOGINDISABLED)(?=[ \t\]]|$)/gi;

/** A line of the backend without what the client must not see; the same line where there is nothing of it. */
export function withoutUpgrade(line: string): string {
  if (!LISTS.test(line)) return line;
  const end = /^\* CAPABILITY\b/i.test(line) || !line.includes(']') ? line.length : line.indexOf(']') + 1;
  return line.slice(0, end).replace(HIDDEN, '') + line.slice(end);
}

/** Whether the backend says that it takes no LOGIN. */
export function disablesLogin(line: string): boolean {
  return LISTS.test(line) && /[ \t]LOGINDISABLED(?=[ \t\]]|$)/i.test(line);
}
