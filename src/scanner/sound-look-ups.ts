/** What a resolver says counts only as long as it is in order: a domain is not to blame for a resolver that denies everything. */
import type { Answer } from '../dns/answer.ts';
import { root } from '../dns/name.ts';
import { type Question, types } from '../dns/record.ts';

type Resolve = (question: Question) => Promise<Answer>;

/** Whom one believes that something is not there, where nothing is proven. `who-knows-a-name`: once it has known one. */
export type Believed = 'who-knows-the-root' | 'who-knows-a-name' | 'everyone';

const ofRoot: Question = { name: root, type: types.SOA };

/**
 * Where nothing is proven, whoever says that something is not there has to know the root: some resolvers, and networks before
 * somebody has logged in, answer NXDOMAIN to everything. What such a one denies is unknown.
 */
export function soundly(resolve: Resolve, believed: Believed): Resolve {
  let hasKnown = believed === 'everyone';
  return async (question) => {
    const answer = await resolve(question);
    hasKnown ||= believed === 'who-knows-a-name' && answer.kind === 'found';
    if (answer.kind !== 'absent' || answer.status !== 'indeterminate') return answer;
    if (hasKnown) return answer;
    const isRoot = question.name === ofRoot.name && question.type === ofRoot.type;
    const known = isRoot ? answer : await resolve(ofRoot);
    return known.kind === 'absent' ? unbelieved(answer) : answer;
  };
}

function unbelieved({ what: _what, ...answer }: Extract<Answer, { kind: 'absent' }>): Answer {
  return {
    ...answer,
    kind: 'unknown',
    because:
      'the resolver denies even the root of the DNS, so that it counts for nothing what else it denies',
    unproven: [],
  };
}
