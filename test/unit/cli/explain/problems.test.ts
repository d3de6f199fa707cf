import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Explained } from '../../../../src/cli/explain/explained.ts';
import { problemsOf } from '../../../../src/cli/explain/problems.ts';
import type { Problem } from '../../../../src/cli/explain/remedies.ts';
import { parseUntil } from '../../../../src/cli/policy-words.ts';
import { samples } from './samples.ts';

type Who = Problem['fix'][number]['who'];

/** What is wrong, who is to do something, in this order, and what the sender types. */
type Case = [sample: keyof typeof samples, says: RegExp, who: readonly Who[], commands?: readonly string[]];

const [owner, provider, sender] = ['domain-owner', 'mail-provider', 'sender'] as const;
const REFRESH = 'waxwing policy refresh example.test';
const encryptFor = (time: string): string =>
  `waxwing policy override example.test encrypt --until ${time} --reason "…"`;
const REMOVE = 'waxwing policy override example.test --remove';
const TLSA = 'waxwing resolve _25._tcp.mx1.example.test TLSA';

const cases: readonly Case[] = [
  ['daneWithAuthority', /Some TLSA records .* authenticate nobody \(1 of 3\)/, [owner]],
  ['halfDane', /are not signed.*\(half-DANE\).*counts as encrypted/, [owner, sender]],
  ['mixed', /mx1\.example\.test has TLSA records and mx2\.example\.test has none/, [owner, sender]],
  ['unusable', /authenticates nobody, so TLS is required and any certificate is taken/, [owner, sender]],
  ['tlsaBogus', /\(bogus\).*The host is not used at all/, [owner, sender, sender], [TLSA, encryptFor('2d')]],
  [
    'tlsaUnanswered',
    /nobody gave an answer.*Mail goes to the other hosts\.$/,
    [provider, sender],
    ['waxwing resolve _25._tcp.mx.provider.test TLSA'],
  ],
  [
    'tlsaAliasBogus',
    /\(bogus\).*The host is not used at all/,
    [owner, sender, sender],
    ['waxwing resolve _25._tcp.mx.provider.test TLSA', encryptFor('2d')],
  ],
  [
    'fallenShort',
    /fall short of what was reached before: mail for example\.test has gone over TLS to mx1\.example\.test .*Mail waits until/,
    [owner, sender, sender],
    ['waxwing policy purge example.test'],
  ],
  ['tlsaUnproven', /are not proven \(insecure\), so they do not count/, [owner]],
  [
    'notListed',
    /lists other\.example\.test, \*\.example\.net, but DNS names mx1\.example\.test.*or somebody on the path/,
    [owner, sender, sender],
    [REFRESH, encryptFor('2d')],
  ],
  ['notListedButSecure', /As DNS is proven here, it is the policy that was forgotten/, [owner, sender]],
  ['testing', /mode testing.*does not list mx1\.example\.test/, [owner, sender], [encryptFor('90d')]],
  ['modeNone', /No policy protects mail/, [owner, sender], [encryptFor('90d')]],
  [
    'remembered',
    /cannot be had any more.*holds until 2026-12-04T12:00:00Z all the same/,
    [owner, sender],
    ['waxwing policy purge example.test'],
  ],
  [
    'fetchError',
    /the policy cannot be had: mta-sts\.example\.test at.*somebody on the path keeps the policy away/,
    [owner, sender, sender],
    [REFRESH, encryptFor('90d')],
  ],
  ['webPkiInvalid', /the policy cannot be had/, [owner, sender, sender], [REFRESH, encryptFor('90d')]],
  ['policyInvalid', /the policy cannot be had/, [owner, sender, sender], [REFRESH, encryptFor('90d')]],
  [
    'untrustedPolicyHost',
    /\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\), that is, an intermediate certificate is missing, or no known/,
    [owner, sender, sender],
    [REFRESH, encryptFor('90d')],
  ],
  ['testingBesideDane', /mode testing\): mail goes as if there were none\.$/, [owner]],
  ['recordInvalid', /cannot be used \(2 TXT records/, [owner, sender], [encryptFor('90d')]],
  [
    'recordUnknown',
    /Whether example\.test has an MTA-STS policy is therefore not known/,
    [owner, sender, sender],
    ['waxwing resolve _mta-sts.example.test TXT', encryptFor('90d')],
  ],
  ['onlyObserved', /No policy protects mail to example\.test/, [owner, sender], [encryptFor('90d')]],
  ['plain', /No policy protects mail to example\.test/, [owner, sender], [encryptFor('90d')]],
  ['signedPlain', /No policy protects mail to example\.test/, [owner, sender], [encryptFor('90d')]],
  ['authenticateByDefault', /has to prove example\.test\. That it is valid for mx1/, [sender, owner]],
  ['loweredByOverride', /without it authenticate would be required by dane/, [sender], [REMOVE]],
  ['loweredByRoute', /without it authenticate would be required by sts/, [sender]],
  ['authenticateByRoute', /in place of what the domain asks for/, [sender]],
  ['login', /has a login \(anna\)/, [sender], [REMOVE]],
  [
    'mxBogus',
    /The MX records of example\.test should be proven by DNSSEC and are not \(bogus\)/,
    [owner, sender, sender],
    ['waxwing resolve example.test MX'],
  ],
  [
    'mxUnanswered',
    /could not be learnt: nobody gave an answer/,
    [owner, sender, sender],
    ['waxwing resolve example.test MX'],
  ],
  ['mxNamesNoHost', /name no host/, [owner]],
  ['noSuchDomain', /There is no domain example\.test/, [sender, owner]],
  ['nullMx', /takes no mail at all.*; DNSSEC proves it\.$/, [sender, owner]],
  ['nullMxUnsigned', /takes no mail at all.*; it is not proven, so somebody on the path/, [sender, owner]],
  ['implicitNothing', /neither MX records nor an address/, [owner, sender]],
  ['noAddress', /has no address\. No other host can be used, so mail waits/, [owner]],
  [
    'addressBogus',
    /\(bogus\).*Other hosts of the domain can be used/,
    [owner, sender],
    ['waxwing resolve mx1.example.test A'],
  ],
  [
    'addressUnanswered',
    /nobody gave an answer.*No other host can be used/,
    [owner, sender],
    ['waxwing resolve mx1.example.test A'],
  ],
  ['literal', /named by its address can have neither/, [sender]],
  ['nextHop', /No policy protects mail/, [owner, sender], [encryptFor('90d')]],
];

function commandsOf({ fix }: Problem): readonly string[] {
  return fix.flatMap(({ command }) => command ?? []);
}

describe('what is wrong or weak', () => {
  for (const [name, says, who, commands = []] of cases) {
    it(`${name}: ${says.source}`, () => {
      const [first, ...others] = problemsOf(samples[name]);
      assert.ok(first !== undefined);
      assert.deepEqual(others, []);
      assert.match(first.says, says);
      assert.deepEqual(
        first.fix.map((fix) => fix.who),
        who,
      );
      assert.deepEqual(commandsOf(first), commands);
    });
  }

  for (const name of ['dane', 'enforced', 'implicit', 'encryptByDefault'] as const) {
    it(`${name}: nothing`, () => assert.deepEqual(problemsOf(samples[name]), []));
  }

  const told = (name: keyof typeof samples): readonly string[] =>
    problemsOf(samples[name]).map(({ says }) => says);

  it('half-DANE where a level asks for a proven name: both', () => {
    const [half = '', unnamed = '', ...others] = told('halfDaneAndLevel');
    assert.match(half, /half-DANE/);
    assert.match(unnamed, /has to prove example\.test/);
    assert.deepEqual(others, []);
  });

  it('an override over a fault: the fault, and that the override stands', () => {
    const [fault = '', lifted = '', ...others] = told('liftedByOverride');
    assert.match(fault, /Only the word of an operator lets mail go there all the same\.$/);
    assert.match(lifted, /without it mx1\.example\.test would not be used/);
    assert.deepEqual(others, []);
  });

  it('resolvers that prove nothing, and nobody who looks', () => {
    assert.deepEqual(told('stripped').slice(1), ['Answers cannot be proven.']);
    assert.match(told('dnssecOff')[1] ?? '', /^Nobody looks at DNSSEC here/);
  });

  it('no remedy for a domain with TLSA records is an override, which would put them out of force', () => {
    for (const name of ['mixed', 'testingBesideMixed'] as const)
      assert.doesNotMatch(JSON.stringify(problemsOf(samples[name])), /policy override/);
    assert.match(told('testingBesideMixed')[1] ?? '', /mode testing\).*, and nothing protects it\.$/);
  });

  it('every command of an override can be typed as it is', () => {
    for (const sample of Object.values<Explained>(samples)) {
      for (const command of problemsOf(sample).flatMap(commandsOf)) {
        const until = /--until (\S+)/.exec(command)?.[1];
        if (until !== undefined) assert.equal(parseUntil(until, 0).kind, 'ok', command);
        assert.match(command, /^waxwing (?:policy|resolve) /);
      }
    }
  });
});
