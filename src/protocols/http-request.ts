/** Whether somebody's browser was made to talk to us (ALPACA). */

const VERBS = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI) /i;

/**
 * Whether the first line of a client is a request of HTTP.
 *
 * A server of lines that answered it would say back what the page had put there, under the page's own certificate.
 */
export function isHttpRequest(line: string): boolean {
  return VERBS.test(line);
}
