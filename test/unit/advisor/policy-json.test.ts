import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { policyDocument, policySchema, unknownDocument } from '../../../src/advisor/policy-json.ts';
import { attributesFor } from '../../../src/policies/answers/postfix-text.ts';
import { mayRules } from '../../support/advisor.ts';
import { byMx, factsOf, hostWith, hostWithout, stsOf } from '../../support/destinations.ts';

const attributes = attributesFor({ major: 3, minor: 7 });
const mx1 = 'mx1.example.test';
const mx2 = 'mx2.example.test';

describe('the decision as JSON', () => {
  it('each host with what it has to show', () => {
    const facts = factsOf({
      hosts: [hostWith(mx1, 'usable'), hostWith(mx2, 'absent'), hostWithout('mx3.example.test', 'unknown')],
      sts: stsOf('enforce', mx2, 'mx3.example.test'),
    });
    const document = policySchema.parse(policyDocument(facts, mayRules, 'with', attributes));
    assert.equal(document.decision, 'deliver');
    const [first, second, third] = document.hosts;
    assert.deepEqual(
      document.hosts.map(({ host, usable, requires, by }) => ({ host, usable, requires, by })),
      [
        { host: mx1, usable: true, requires: 'authenticate', by: 'dane' },
        { host: mx2, usable: true, requires: 'authenticate', by: 'sts' },
        { host: 'mx3.example.test', usable: false, requires: 'authenticate', by: 'sts' },
      ],
    );
    assert.deepEqual(first?.tlsa, [`3 1 1 ${'ab'.repeat(32)}`]);
    assert.equal(first?.binding, true);
    assert.deepEqual(second?.match, [mx2]);
    assert.equal(second?.provesName, true);
    assert.equal(third?.forbidden, false);
    assert.match(document.exim, / result=deliver$/);
    // The policy does not say that the host with TLSA records has a certificate.
    assert.equal(document.postfix.text, `secure match=${mx2} servername=hostname`);
  });

  it('where nothing was found out', () => {
    const document = policySchema.parse(unknownDocument('example.test', 'it takes too long'));
    assert.equal(document.decision, 'defer');
    assert.deepEqual(document.hosts, []);
    assert.equal(document.exim, 'because="it takes too long" result=defer');
  });

  it('where there is nothing to say for Postfix', () => {
    const absent = policyDocument(factsOf(), mayRules, 'with', attributes);
    assert.deepEqual([absent.postfix.answer, absent.postfix.text], ['absent', null]);
    const way = { kind: 'unknown', because: 'a timeout' } as const;
    const later = policyDocument(factsOf({ way, hosts: [] }), mayRules, 'with', attributes);
    assert.deepEqual([later.postfix.answer, later.postfix.text], ['later', null]);
    const forbidden = factsOf({ way: byMx('insecure', mx1), sts: stsOf('enforce', mx2) });
    assert.equal(policyDocument(forbidden, mayRules, 'with', attributes).hosts[0]?.forbidden, true);
  });
});
