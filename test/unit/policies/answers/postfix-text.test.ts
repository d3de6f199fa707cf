import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type PostfixAnswer, postfixAnswer } from '../../../../src/policies/answers/postfix.ts';
import { attributesFor, isAtLeast, showPolicy } from '../../../../src/policies/answers/postfix-text.ts';
import { parsePolicy } from '../../../../src/policies/mta-sts/policy.ts';
import {
  byMx,
  DOMAIN,
  factsOf,
  hostWith,
  hostWithout,
  nameOf,
  overrideOf,
  stsOf,
  type Told,
} from '../../../support/destinations.ts';
import { listOf } from '../../../support/lists.ts';
import { type Said, shortfall } from '../../../support/postfix-oracle.ts';
import { readPostfixPolicy } from '../../../support/postfix-policy.ts';
import { expected, memoryWith } from '../../../support/tracks.ts';

const mx1 = 'mail.example.test';
const short = (text: string): boolean => text.length <= 99_990;

function answerOf(told: Told): Extract<PostfixAnswer, { kind: 'level' | 'secure' }> {
  const answer = postfixAnswer(factsOf(told), { route: undefined, defaultLevel: 'may' }, 'with');
  return answer.kind === 'level' || answer.kind === 'secure' ? answer : assert.fail(answer.kind);
}

const told: Told = {
  way: byMx('insecure', mx1),
  hosts: [hostWith(mx1, 'absent')],
  sts: stsOf('enforce', mx1, '*.example.net'),
};

describe('the text of a policy', () => {
  it('before 3.4: no attribute that it does not know', () =>
    assert.equal(
      showPolicy(answerOf(told), attributesFor({ major: 3, minor: 3 }), short),
      `secure match=${mx1}:.example.net`,
    ));

  it('from 3.4: the name for SNI', () =>
    assert.equal(
      showPolicy(answerOf(told), attributesFor({ major: 3, minor: 7 }), short),
      `secure match=${mx1}:.example.net servername=hostname`,
    ));

  it('from 3.10: what reports need', () =>
    assert.equal(
      showPolicy(answerOf(told), attributesFor({ major: 3, minor: 10 }), short),
      `secure match=${mx1}:.example.net servername=hostname policy_type=sts policy_domain=${DOMAIN}` +
        ` mx_host_pattern=${mx1} mx_host_pattern=*.example.net { policy_string = version: STSv1 }` +
        ` { policy_string = mode: enforce } { policy_string = mx: ${mx1} } { policy_string = mx: *.example.net }` +
        ' { policy_string = max_age: 86400 }',
    ));

  it('a level is one word for every version', () => {
    for (const minor of [0, 4, 10])
      assert.equal(
        showPolicy(answerOf({ override: overrideOf('encrypt') }), attributesFor({ major: 3, minor }), short),
        'encrypt',
      );
  });

  it('S21: a line of the policy with a brace, a comma or what is not ASCII is left out', () => {
    const lines = ['version: STSv1', 'mode: enforce', `mx: ${mx1}`, 'max_age: 5'];
    const odd = ['x: }', 'x: {', 'x: a, b', 'x: ü', 'x: } { policy_failure = sts-webpki-invalid'];
    const parsed = parsePolicy(Buffer.from([...lines, ...odd].join('\n')));
    if (parsed.kind !== 'ok') return assert.fail(parsed.because);
    const answer: PostfixAnswer = {
      kind: 'secure',
      match: [mx1],
      sts: { domain: DOMAIN, policy: parsed.policy },
      hosts: [],
      because: 'of the test',
    };
    const text = showPolicy(answer, attributesFor({ major: 3, minor: 10 }), short) ?? assert.fail();
    const { attributes } = readPostfixPolicy(text, 3, 10);
    assert.deepEqual(
      attributes.flatMap(([name, value]) => (name === 'policy_string' ? [value] : [])),
      lines,
    );
  });

  it('is shorter where it would not fit: first without lines, then without patterns, then with the hosts of now', () => {
    const answer = answerOf(told);
    const attributes = attributesFor({ major: 3, minor: 10 });
    const lengths: (number | undefined)[] = [];
    for (let most = 600; most >= 0; most -= 1) {
      const text = showPolicy(answer, attributes, (one) => one.length <= most);
      if (text !== undefined) assert.equal(readPostfixPolicy(text, 3, 10).level, 'secure');
      if (lengths.at(-1) !== text?.length || lengths.length === 0) lengths.push(text?.length);
    }
    assert.deepEqual(
      lengths.map((length) => length !== undefined),
      [true, true, true, true, false],
    );
    assert.equal(
      showPolicy(answer, attributes, (one) => one.length <= 60),
      `secure match=${mx1} servername=hostname`,
    );
  });

  it('versions are compared by number', () => {
    assert.ok(isAtLeast({ major: 3, minor: 10 }, 3, 9));
    assert.ok(!isAtLeast({ major: 3, minor: 9 }, 3, 10));
    assert.ok(isAtLeast({ major: 4, minor: 0 }, 3, 10));
    assert.ok(!isAtLeast({ major: 2, minor: 11 }, 3, 4));
  });
});

const promoted = {
  domain: DOMAIN,
  setAt: 0,
  until: Date.UTC(2027, 0, 1),
  reason: 'of the test',
  mostBlocked: 0,
  blocked: 0,
  endedAt: null,
  endedBecause: null,
} as const;

describe('whatever is decided', () => {
  const hosts = fc.uniqueArray(
    fc.tuple(
      fc.constantFrom('mx1.example.test', 'mx2.example.test', 'a.b.example.net'),
      fc.constantFrom('usable', 'unusable', 'absent', 'unknown', 'no address', 'unknown address'),
    ),
    { minLength: 1, maxLength: 3, selector: ([host]) => host },
  );
  const policies = fc.option(
    fc.tuple(
      fc.constantFrom('enforce', 'testing'),
      fc.array(fc.constantFrom('mx1.example.test', '*.example.test', '*.b.example.net', 'x.test'), {
        minLength: 1,
        maxLength: 3,
      }),
    ),
    { nil: undefined },
  );
  const versions = fc.constantFrom([2, 11], [3, 3], [3, 4], [3, 7], [3, 9], [3, 10], [3, 11]);
  const status = fc.constantFrom('secure', 'insecure', 'indeterminate');
  const overrides = fc.constantFrom(undefined, 'off', 'may', 'encrypt', 'authenticate');
  const levels = fc.constantFrom('off', 'may', 'encrypt', 'authenticate');

  const lists = fc.option(
    fc.tuple(
      fc.constantFrom('enforce', 'testing'),
      fc.array(fc.constantFrom('mx1.example.test', '.example.test', '.b.example.net', 'x.test'), {
        minLength: 1,
        maxLength: 3,
      }),
    ),
    { nil: undefined },
  );
  const tracks = fc.array(
    fc
      .tuple(
        fc.constantFrom('mx1.example.test', 'mx2.example.test', 'a.b.example.net'),
        fc.constantFrom('encrypt', 'name', 'tlsa'),
      )
      .map(([host, seen]) =>
        seen === 'encrypt'
          ? expected({ host: nameOf(host) })
          : expected({ host: nameOf(host), level: 'authenticate', proof: seen }),
      ),
    { maxLength: 3 },
  );
  const promotions = fc.constantFrom(undefined, 'encrypt', 'authenticate');
  const parts = { hosts, policies, status, overrides, levels, lists, tracks, promotions };

  const worlds = fc.record(parts).map((one) => {
    const all = one.hosts.map(([host, kind]) => {
      if (kind === 'no address' || kind === 'unknown address')
        return hostWithout(host, kind === 'no address' ? 'absent' : 'unknown');
      return hostWith(host, kind);
    });
    const known = factsOf({
      hosts: all,
      way: byMx(one.status, ...one.hosts.map(([host]) => host)),
      ...(one.policies === undefined ? {} : { sts: stsOf(one.policies[0], ...one.policies[1]) }),
      override: one.overrides === undefined ? undefined : overrideOf(one.overrides),
      ...(one.lists === undefined ? {} : { list: listOf(one.lists[0], ...one.lists[1]) }),
    });
    const promotion = one.promotions === undefined ? undefined : { ...promoted, level: one.promotions };
    const facts = { ...known, memory: memoryWith('enforce', ...one.tracks), promotion };
    return { facts, rules: { route: undefined, defaultLevel: one.levels } };
  });

  it('a Postfix of each version takes the answer', () => {
    fc.assert(
      fc.property(worlds, versions, ({ facts, rules }, [major = 3, minor = 4]) => {
        for (const dane of ['with', 'without'] as const) {
          const answer = postfixAnswer(facts, rules, dane);
          if (answer.kind === 'absent' || answer.kind === 'later') continue;
          const text = showPolicy(answer, attributesFor({ major, minor }), short) ?? assert.fail();
          const read = readPostfixPolicy(text, major, minor);
          if (dane === 'without') assert.doesNotMatch(read.level, /^dane$/);
          assert.equal(read.level, answer.kind === 'level' ? answer.level : 'secure');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a Postfix that goes by the answer does no less at any host, and compares no name that the path could choose', () => {
    fc.assert(
      fc.property(worlds, ({ facts, rules }) => {
        const answer = postfixAnswer(facts, rules, 'with');
        const said: Said =
          answer.kind === 'level'
            ? { kind: 'policy', level: answer.level, match: [] }
            : answer.kind === 'secure'
              ? { kind: 'policy', level: 'secure', match: answer.match }
              : { kind: answer.kind };
        assert.equal(shortfall(said, facts, rules), undefined, JSON.stringify(said));
      }),
      { numRuns: 1_000 },
    );
  });
});
