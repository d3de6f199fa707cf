/** Names of this host, which mean something here and nothing in the DNS. RFC 6761 §6.3. */
import type { Answer } from '../dns/answer.ts';
import { type Name, showName } from '../dns/name.ts';
import type { Question } from '../dns/record.ts';

type Resolve = (question: Question) => Promise<Answer>;

/** The label and the root, as the wire has them. */
const LOCALHOST = '\x09localhost\0';

/** Asks no resolver of localhost or of a name below it: there is nothing of them. */
export function localhostUnasked(resolve: Resolve): Resolve {
  return (question) =>
    isOfLocalhost(question.name) ? Promise.resolve(nothingOf(question)) : resolve(question);
}

/** A name is a row of labels, each behind its length: where the last one begins cannot be told from its end. */
function isOfLocalhost(name: Name): boolean {
  let at = 0;
  while (name.length - at > LOCALHOST.length) at += 1 + name.charCodeAt(at);
  return name.slice(at) === LOCALHOST;
}

function nothingOf(question: Question): Answer {
  return {
    kind: 'absent',
    what: 'no-such-name',
    question,
    status: 'indeterminate',
    ttl: 0,
    signedSince: null,
    signedUntil: null,
    owner: question.name,
    aliases: [],
    chain: [],
    because: `${showName(question.name)} is of this host, and nobody is asked about it`,
    errors: [],
  };
}
