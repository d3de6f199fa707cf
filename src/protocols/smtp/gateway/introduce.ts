/**
 * Tells the backend who the client is.
 *
 * Postfix's XCLIENT: the answer to it is a new greeting. Attributes are xtext (RFC 3461 §4), so nothing of an address
 * can become a command (CVE-2026-28753); only what the backend lists is sent.
 */
import type { FrontRules } from '../../../wire/gateway-session.ts';
import { command } from '../command.ts';

/** What is said first, to learn whether XCLIENT may be said. */
export function introductionHello({ hostname }: FrontRules, protocol: 'smtp' | 'lmtp'): string {
  return command(protocol === 'lmtp' ? 'LHLO' : 'EHLO', hostname);
}

/**
 * @param lines of the answer to EHLO, without codes.
 * @returns undefined where the backend does not take the client's address from us.
 */
export function introduction({ client }: FrontRules, lines: readonly string[]): string | undefined {
  const offer = lines.slice(1).find((line) => /^XCLIENT(?: |$)/i.test(line)) ?? '';
  const attributes = new Set(offer.toUpperCase().split(' ').slice(1));
  if (!attributes.has('ADDR')) return undefined;
  // A zone (`fe80::1%eth0`) means something on this host only.
  const plain = client.address.replace(/%.*$/s, '');
  const address = plain.includes(':') ? `IPV6:${plain}` : plain;
  const words = [`ADDR=${xtext(address)}`];
  if (attributes.has('PORT')) words.push(`PORT=${client.port}`);
  // Else it would go on with the name of the gateway.
  if (attributes.has('NAME')) words.push('NAME=[UNAVAILABLE]');
  return command('XCLIENT', ...words);
}

/** RFC 3461 §4: all but "!" to "~" without "+" and "=" as "+" and two hexadecimal digits. */
function xtext(text: string): string {
  return text.replace(
    /[^!-*,-<>-~]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
