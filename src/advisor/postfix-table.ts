/** Policies as a table of Postfix has them, whatever protocol it is asked by: `smtp_tls_policy_maps`. */
import { type Domain, isAscii } from '../names/domain.ts';
import { readKey } from '../policies/answers/key.ts';
import { type DaneUse, type PostfixAnswer, postfixAnswer } from '../policies/answers/postfix.ts';
import { type PostfixAttributes, showPolicy } from '../policies/answers/postfix-text.ts';
import type { Rules } from '../policies/demand.ts';
import type { Desk, Reply } from './desk.ts';

/** How the answers of a table are written in a protocol, one character for each octet. */
export interface TableWords {
  /** Whether the text of a policy is short enough. */
  readonly fits: (text: string) => boolean;
  readonly found: (text: string) => string;
  readonly notFound: string;
  readonly later: (because: string, late: boolean) => string;
}

export interface TableTerms {
  readonly dane: DaneUse;
  /** What operators say of mail to a domain; of a next hop that is no domain nobody does. */
  readonly rulesFor: (domain: Domain | null) => Rules;
}

/**
 * @param request all that the answer depends on; what is kept is kept under it.
 * @param text the key.
 */
export function answerFromTable(
  desk: Desk,
  request: string,
  text: string,
  terms: TableTerms,
  attributes: PostfixAttributes,
  words: TableWords,
): string | Promise<string> {
  const key = readKey(decoded(text));
  if (key.kind === 'nothing') return desk.at('absent', words.notFound);
  if (key.kind === 'unclear') return desk.at('later', words.later(key.because, false));
  const domain = key.kind === 'domain' ? key.domain : null;
  return desk.lookUp(request, {
    target: key,
    reply: (facts) => replyTo(postfixAnswer(facts, terms.rulesFor(domain), terms.dane), attributes, words),
    failing: words.later,
  });
}

/** Octets of UTF-8, one character each, as text; where they are none nothing is made of them. */
export function decoded(octets: string): string {
  if (isAscii(octets)) return octets;
  return Buffer.from(octets, 'latin1').toString('utf8');
}

function replyTo(answer: PostfixAnswer, attributes: PostfixAttributes, words: TableWords): Reply {
  switch (answer.kind) {
    case 'absent':
      return { kind: 'absent', text: words.notFound };
    case 'later':
      return { kind: 'later', text: words.later(answer.because, false) };
    case 'level':
    case 'secure': {
      const text = showPolicy(answer, attributes, words.fits);
      return text === undefined
        ? { kind: 'later', text: words.later('the policy is too long for an answer', false) }
        : { kind: 'policy', text: words.found(text) };
    }
  }
}
