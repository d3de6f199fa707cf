/** Domains without mail, of which other things are asked than of those with it. */
import type { CheckCase } from '../case.ts';

/** A null MX (RFC 7505), or neither MX nor address. What is not known may take mail. */
export function takesNoMail({ facts, hosts }: CheckCase): boolean {
  if (facts?.way.kind === 'null') return true;
  return facts?.way.kind === 'implicit' && hosts[0]?.facts?.kind === 'absent';
}
