import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DaneUse, type PostfixAnswer, postfixAnswer } from '../../../../src/policies/answers/postfix.ts';
import type { Rules } from '../../../../src/policies/demand.ts';
import type { DestinationFacts } from '../../../../src/policies/destination.ts';
import {
  byMx,
  factsOf,
  hostWith,
  hostWithout,
  nameOf,
  overrideOf,
  routeOf,
  stsOf,
  type Told,
} from '../../../support/destinations.ts';
import { listOf } from '../../../support/lists.ts';
import { expected, memoryWith } from '../../../support/tracks.ts';

const may: Rules = { route: undefined, defaultLevel: 'may' };
const mx1 = 'mx1.example.test';
const mx2 = 'mx2.example.test';
const because = 'of the test';
const unsigned = byMx('insecure', mx1, mx2);

function shown(told: Told, rules: Rules = may, dane: DaneUse = 'with'): string {
  return kindOf(postfixAnswer(factsOf(told), rules, dane));
}

function kindOf(answer: PostfixAnswer): string {
  switch (answer.kind) {
    case 'level':
      return answer.level;
    case 'secure':
      return `secure ${answer.match.join(':')}${answer.sts === null ? '' : ' by sts'}`;
    default:
      return answer.kind;
  }
}

interface Case {
  readonly title: string;
  readonly told: Told;
  readonly rules?: Rules;
  readonly dane?: DaneUse;
  readonly answer: string;
}

const dane = hostWith(mx1, 'usable');
const plain = hostWith(mx2, 'absent');

const manyHosts = Array.from({ length: 11 }, (_, index) => `mx${index + 1}.example.test`);

const cases: readonly Case[] = [
  { title: 'nobody asks for anything', told: {}, answer: 'absent' },
  {
    title: 'the policy list forbids a host: TLSA records of whoever chose the host do not let it in',
    told: {
      way: unsigned,
      hosts: [dane, hostWith(mx2, 'usable')],
      list: listOf('enforce', mx1),
    },
    answer: `secure ${mx1}`,
  },
  {
    title: 'nor where all hosts are forbidden',
    told: { way: unsigned, hosts: [dane], list: listOf('enforce', 'other.example.net') },
    answer: 'later',
  },
  {
    title:
      'the policy list asks for a certificate beside a host with TLSA records, which its name does not replace',
    told: { hosts: [dane, plain], list: listOf('enforce', mx2) },
    answer: 'dane-only',
  },
  {
    title: 'where the MX records are not signed: the list says that both have certificates',
    told: { way: unsigned, hosts: [dane, plain], list: listOf('enforce', mx1, mx2) },
    answer: `secure ${mx1}:${mx2}`,
  },
  {
    title:
      'names of a policy that Postfix would take for those of whatever host the path has chosen are left out',
    told: { sts: stsOf('enforce', 'hostname', 'nexthop', mx1, 'dot-nexthop') },
    answer: `secure ${mx1} by sts`,
  },
  {
    title: 'and where there are no others, nothing can be said',
    told: { sts: stsOf('enforce', 'hostname') },
    answer: 'later',
  },
  {
    title: 'so is the name of a host',
    told: {
      way: byMx('secure', 'hostname', mx2),
      hosts: [hostWith('hostname', 'usable'), hostWith(mx2, 'absent')],
      sts: stsOf('enforce', 'other.test', mx2),
    },
    answer: 'secure other.test:mx2.example.test by sts',
  },
  {
    title: 'RFC 7672 §2.2: every host has TLSA records',
    told: { hosts: [dane, hostWith(mx2, 'usable')] },
    answer: 'dane-only',
  },
  {
    title: 'D11: the records of one of them cannot be learnt, and Postfix must not use it either',
    told: { hosts: [dane, hostWith(mx2, 'unknown')] },
    answer: 'dane-only',
  },
  {
    title: 'D10: a host without addresses does not count',
    told: { hosts: [dane, hostWithout(mx2, 'absent')] },
    answer: 'dane-only',
  },
  { title: 'mixed without MTA-STS', told: { hosts: [dane, plain] }, answer: 'dane' },
  {
    title: 'mixed with MTA-STS: the policy for all of them',
    told: { hosts: [dane, plain], sts: stsOf('enforce', '*.example.test') },
    answer: 'secure .example.test by sts',
  },
  {
    title: 'RFC 8461 §2: every host has TLSA records, and there is a policy: DANE decides',
    told: { hosts: [dane], sts: stsOf('enforce', 'other.example.test') },
    answer: 'dane-only',
  },
  {
    title: 'D5: the MX records are not signed: never dane-only',
    told: { way: byMx('insecure', mx1), hosts: [dane] },
    answer: 'dane',
  },
  {
    title: 'D5: the same with a policy',
    told: { way: byMx('insecure', mx1), hosts: [dane], sts: stsOf('enforce', mx1) },
    answer: `secure ${mx1} by sts`,
  },
  {
    title: 'D14: only records that authenticate nobody',
    told: { hosts: [hostWith(mx1, 'unusable')] },
    answer: 'encrypt',
  },
  {
    title: 'D14: beside a host with none',
    told: { hosts: [hostWith(mx1, 'unusable'), plain] },
    answer: 'dane',
  },
  {
    title: 'D11: nothing but hosts whose records cannot be learnt',
    told: { hosts: [hostWith(mx1, 'unknown')] },
    answer: 'later',
  },
  {
    title: 'D11: one of them beside a host without records',
    told: { hosts: [hostWith(mx1, 'unknown'), plain] },
    answer: 'dane',
  },
  {
    title: 'D9: the addresses of one cannot be learnt',
    told: { hosts: [hostWithout(mx1, 'unknown'), plain] },
    answer: 'dane',
  },
  {
    title: 'more hosts than are looked up: Postfix may come to one with TLSA records',
    told: {
      way: byMx('secure', ...manyHosts),
      hosts: manyHosts.slice(1).map((one) => hostWith(one, 'absent')),
    },
    answer: 'dane',
  },
  { title: 'D9: those of all', told: { hosts: [hostWithout(mx1, 'unknown')] }, answer: 'later' },
  {
    title: 'D1: the MX records cannot be learnt',
    told: { way: { kind: 'unknown', because }, hosts: [] },
    answer: 'later',
  },
  {
    title: 'D1: nor with a policy in force: there may be TLSA records',
    told: { way: { kind: 'unknown', because }, hosts: [], sts: stsOf('enforce', mx1) },
    answer: 'later',
  },
  {
    title: 'D2: no such domain: that is for Postfix to find',
    told: { way: { kind: 'no-such-domain', because }, hosts: [] },
    answer: 'absent',
  },
  { title: 'D3: a null MX', told: { way: { kind: 'null', because }, hosts: [] }, answer: 'absent' },
  {
    title: 'RFC 8461 §5.1: no answer of the DNS ends a policy',
    told: { way: { kind: 'no-such-domain', because }, hosts: [], sts: stsOf('enforce', mx1) },
    answer: `secure ${mx1} by sts`,
  },
  {
    title: 'MTA-STS',
    told: {
      way: unsigned,
      hosts: [hostWith(mx1, 'absent'), plain],
      sts: stsOf('enforce', mx1, '*.example.test'),
    },
    answer: `secure ${mx1}:.example.test by sts`,
  },
  {
    title: 'S10: a policy that is only tested',
    told: { way: unsigned, hosts: [plain], sts: stsOf('testing', mx1) },
    answer: 'absent',
  },
  {
    title: 'S9: a policy that says none',
    told: { way: unsigned, hosts: [plain], sts: stsOf('none') },
    answer: 'absent',
  },
  {
    title: 'S11: no host is listed: the certificate of none will do',
    told: { way: unsigned, hosts: [plain], sts: stsOf('enforce', 'other.example.test') },
    answer: 'secure other.example.test by sts',
  },
  {
    title: 'D11 under MTA-STS: a host whose records cannot be learnt is not named',
    told: {
      way: unsigned,
      hosts: [hostWith(mx1, 'unknown'), plain],
      sts: stsOf('enforce', '*.example.test'),
    },
    answer: `secure ${mx2}`,
  },
  {
    title: 'D11: the same where the others have TLSA records, out of unsigned DNS',
    told: {
      way: unsigned,
      hosts: [dane, hostWith(mx2, 'unknown')],
      sts: stsOf('enforce', '*.example.test'),
    },
    answer: `secure ${mx1}`,
  },
  {
    title: 'an override lowers DANE',
    told: { hosts: [dane], override: overrideOf('may') },
    answer: 'may',
  },
  {
    title: 'an override that wants no TLS',
    told: { hosts: [dane], override: overrideOf('off') },
    answer: 'none',
  },
  { title: 'an override that raises', told: { override: overrideOf('encrypt') }, answer: 'encrypt' },
  {
    title: 'an override holds where nothing can be learnt',
    told: { way: { kind: 'unknown', because }, hosts: [], override: overrideOf('encrypt') },
    answer: 'encrypt',
  },
  {
    title: 'an override that wants a proof: of the domain, and of hosts that a signed answer names',
    told: { hosts: [hostWith(mx1, 'absent')], override: overrideOf('authenticate') },
    answer: `secure example.test:${mx1}`,
  },
  {
    title: 'the same out of unsigned DNS: never a name that the path could choose',
    told: {
      way: byMx('insecure', mx1),
      hosts: [hostWith(mx1, 'absent')],
      override: overrideOf('authenticate'),
    },
    answer: 'secure example.test',
  },
  {
    title: 'the same where every host proves itself by TLSA records',
    told: { hosts: [dane], override: overrideOf('authenticate') },
    answer: 'dane-only',
  },
  {
    title: 'a route with names',
    told: { way: unsigned, hosts: [plain] },
    rules: {
      ...may,
      route: routeOf({ tls: 'authenticate', names: [{ kind: 'below', domain: nameOf('mail.test') }] }),
    },
    answer: 'secure example.test:.mail.test',
  },
  {
    title: 'a default level that asks for more',
    told: {},
    rules: { ...may, defaultLevel: 'encrypt' },
    answer: 'encrypt',
  },
  {
    title:
      'the same beside DANE: the hosts without records are left out, as `dane` would ask them for nothing',
    told: { hosts: [dane, plain] },
    rules: { ...may, defaultLevel: 'encrypt' },
    answer: 'dane-only',
  },
  {
    title: 'the same out of unsigned DNS, where dane-only is impossible',
    told: { way: unsigned, hosts: [dane, plain] },
    rules: { ...may, defaultLevel: 'encrypt' },
    answer: 'later',
  },
  {
    title: 'D9: where the default asks for TLS, `dane` would ask for none at a host that is found later',
    told: { way: unsigned, hosts: [dane, hostWithout(mx2, 'unknown')] },
    rules: { ...may, defaultLevel: 'encrypt' },
    answer: 'later',
  },
  {
    title: 'D11: the policy list asks for a certificate at a host whose records somebody may keep from us',
    told: { way: unsigned, hosts: [dane, hostWith(mx2, 'unknown')], list: listOf('enforce', mx1, mx2) },
    answer: `secure ${mx1}`,
  },
  {
    title: 'and forbids another one',
    told: { way: unsigned, hosts: [dane, hostWith(mx2, 'unknown')], list: listOf('enforce', mx1) },
    answer: `secure ${mx1}`,
  },
  {
    title: 'a Postfix without DANE: TLSA records',
    told: { hosts: [dane] },
    dane: 'without',
    answer: 'absent',
  },
  {
    title: 'a Postfix without DANE: TLSA records and MTA-STS',
    told: { hosts: [dane], sts: stsOf('enforce', mx1) },
    dane: 'without',
    answer: `secure ${mx1} by sts`,
  },
  {
    title: 'a Postfix without DANE: addresses that cannot be learnt',
    told: { hosts: [hostWithout(mx1, 'unknown'), plain] },
    dane: 'without',
    answer: 'absent',
  },
];

describe('a decision in the words of Postfix', () => {
  for (const { title, told, rules, dane: use, answer } of cases)
    it(title, () => assert.equal(shown(told, rules, use), answer));

  it('that no host is found now ends nothing that others ask for: whoever forges that says it for an hour', () => {
    const gone: readonly Told[] = [
      { way: { kind: 'no-such-domain', because }, hosts: [] },
      { way: { kind: 'null', because }, hosts: [] },
      { hosts: [hostWithout(mx1, 'absent')] },
    ];
    for (const told of gone) {
      const facts = factsOf(told);
      const answerTo = (change: Partial<DestinationFacts>): string =>
        kindOf(postfixAnswer({ ...facts, ...change }, may, 'with'));
      assert.equal(answerTo({}), 'absent');
      assert.equal(answerTo({ list: listOf('enforce', mx1, '.example.net') }), `secure ${mx1}:.example.net`);
      assert.equal(answerTo({ list: listOf('testing', mx1) }), 'absent');
      assert.equal(answerTo({ memory: memoryWith('enforce', expected()) }), 'encrypt');
      assert.equal(
        answerTo({ memory: memoryWith('enforce', expected({ level: 'authenticate', proof: 'name' })) }),
        'later',
      );
      assert.equal(answerTo({ memory: memoryWith('observe', expected()) }), 'absent');
      assert.equal(answerTo({ memory: memoryWith('enforce', expected({ state: 'forgotten' })) }), 'absent');
      assert.equal(shown(told, { ...may, defaultLevel: 'encrypt' }), 'encrypt');
      assert.equal(shown(told, { ...may, defaultLevel: 'authenticate' }), 'secure example.test');
    }
  });

  it('a host that may be used for its TLSA records alone is none of those that stand for a policy too long', () => {
    const hosts = [hostWith(mx1, 'absent'), hostWith(mx2, 'usable')];
    const answer = postfixAnswer(factsOf({ hosts, sts: stsOf('enforce', mx1) }), may, 'with');
    assert.deepEqual(answer.kind === 'secure' && [answer.match, answer.hosts], [[mx1], [mx1]]);
  });
});
