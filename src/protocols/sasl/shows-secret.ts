/** Which mechanisms give the secret away to everyone on the path. */

/** RFC 4616, LOGIN (never more than a draft), and the two that carry a token. */
const SHOWING: ReadonlySet<string> = new Set(['PLAIN', 'LOGIN', 'OAUTHBEARER', 'XOAUTH2']);

/**
 * Whether the messages of a mechanism hold a password or a token as it is.
 *
 * Others (SCRAM, GSSAPI, EXTERNAL) show at most who wants to log in.
 *
 * @param mechanism in upper case.
 */
export function showsSecret(mechanism: string): boolean {
  return SHOWING.has(mechanism);
}
