/** What a gateway has to see of a command that it passes on. */
import type { GatewayEffect } from '../../../wire/gateway-session.ts';
import { exposure } from '../server/authentication.ts';
import { parseCommand } from '../server/parse.ts';

/** The first word, in upper case. */
export function verbOf(line: string): string {
  return (/^[^ \t]*/.exec(line)?.[0] ?? '').toUpperCase();
}

/**
 * Whether a command can begin so (RFC 5321 §4.1.1: verbs are letters, as are those of extensions).
 *
 * Others are not passed on: servers skip space of any kind before a verb and end it at any (Postfix takes
 * `<TAB>XCLIENT<VT>ADDR=…`), so that what is no command to us would be one to them.
 *
 * @param verb in upper case.
 */
export function isVerb(verb: string): boolean {
  return /^[A-Z][A-Z0-9_-]*$/.test(verb);
}

/** What a login that was begun in clear has shown to everyone on the path; undefined where the line is none. */
export function exposedBy(line: string): GatewayEffect | undefined {
  if (verbOf(line) !== 'AUTH') return undefined;
  const parsed = parseCommand(line, false);
  const { user } = exposure(
    parsed.kind === 'command' && parsed.command.verb === 'AUTH' ? parsed.command : undefined,
  );
  return { kind: 'exposed', user };
}

/**
 * What a backend may do with us, and nobody with it through us: who is trusted with XCLIENT and XFORWARD is the
 * gateway; the rest brings octets into the stream that are neither commands nor content as we know them, changes who is
 * client and who server (TURN, ATRN), or promises a way that is not ours to promise (REQUIRETLS, RFC 8689).
 */
const HIDDEN: ReadonlySet<string> = new Set([
  'STARTTLS',
  'X-ANONYMOUSTLS',
  'XCLIENT',
  'XFORWARD',
  'XEXCH50',
  'X-EXPS',
  'X-LINK2STATE',
  'REQUIRETLS',
  'TURN',
  'ATRN',
]);

export function isHidden(keyword: string): boolean {
  return HIDDEN.has(keyword.toUpperCase());
}

/**
 * The backend's answer to EHLO as the client may see it, line by line without codes.
 *
 * In clear, STARTTLS is ours, and no login is offered.
 */
export function offersThrough(lines: readonly string[], inClear: boolean): readonly string[] {
  const [name = '', ...offers] = lines;
  const seen = offers.filter((offer) => {
    const keyword = /^[^ =]*/.exec(offer)?.[0].toUpperCase() ?? '';
    return !isHidden(keyword) && !(inClear && keyword === 'AUTH');
  });
  return inClear ? [name, ...seen, 'STARTTLS'] : [name, ...seen];
}
