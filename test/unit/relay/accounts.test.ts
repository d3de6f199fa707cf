import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import {
  type Account,
  anyRights,
  type LoginDesk,
  openAccounts,
  openLoginDesk,
} from '../../../src/relay/accounts.ts';
import { hashPassword, parsePasswordHash } from '../../../src/relay/password.ts';
import { waitingLine } from '../../../src/relay/waiting-line.ts';
import type { TlsFacts } from '../../../src/wire/tls-facts.ts';
import { createAuthority } from '../../support/certificates.ts';
import { tlsFacts } from '../../support/transcript.ts';

async function account(user: string, password: string, kind: 'argon2id' | 'scram'): Promise<Account> {
  const parsed = parsePasswordHash(
    await hashPassword(password, kind, (octets) => new Uint8Array(octets).fill(7)),
  );
  const secret = parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
  return { user, secret, certificates: [], rights: anyRights };
}

const anna = await account('anna', 'sesame', 'argon2id');
const bert = await account('bert', 'abracadabra', 'scram');
const authority = await createAuthority();
const leaf = new X509Certificate((await authority.issue({ names: ['printer.example.test'] })).certPem);

/** Has no password. */
const printer: Account = {
  user: 'printer',
  secret: null,
  certificates: [{ kind: 'sha256', hex: sha256(leaf.raw) }],
  rights: anyRights,
};
const desk = openLoginDesk();

function domainOf(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

describe('the mechanisms follow from the accounts', () => {
  const cases: readonly [accounts: readonly Account[], mechanisms: readonly string[]][] = [
    [[], []],
    [[anna], ['PLAIN', 'LOGIN']],
    [
      [anna, bert],
      ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'],
    ],
    [[printer], ['EXTERNAL']],
    [
      [anna, printer],
      ['PLAIN', 'LOGIN', 'EXTERNAL'],
    ],
  ];
  for (const [accounts, mechanisms] of cases) {
    it(`${accounts.map(({ secret }) => secret?.kind ?? 'certificate').join(' and ') || 'none'}: ${mechanisms.join(' ') || 'none'}`, () =>
      assert.deepEqual(openAccounts(accounts, desk).mechanisms, mechanisms));
  }
});

describe('a password', () => {
  const accounts = openAccounts([anna, bert], desk);
  const cases: readonly [user: string, password: string, answer: 'yes' | 'no', why: string][] = [
    ['anna', 'sesame', 'yes', 'it is the one'],
    ['bert', 'abracadabra', 'yes', 'a SCRAM verifier proves it too'],
    ['anna', 'abracadabra', 'no', "it is another user's"],
    ['anna', 'Sesame', 'no', 'its case counts'],
    ['Anna', 'sesame', 'no', 'the case of the user name counts'],
    ['anna ', 'sesame', 'no', 'nothing is trimmed'],
    ['eve', 'sesame', 'no', 'nobody has that name, though somebody has that password'],
    ['eve', 'abracadabra', 'no', 'nobody has that name, though somebody has that password'],
    ['__proto__', 'sesame', 'no', 'nobody has that name'],
  ];
  for (const [user, password, answer, why] of cases) {
    it(`${JSON.stringify(user)} with ${password}: ${answer}, as ${why}`, async () =>
      assert.equal(await accounts.check(user, password), answer));
  }

  it('is worked on for an unknown user as for a known one', async () => {
    let worked = 0;
    const line = waitingLine(1, 1);
    const counting: LoginDesk = {
      ...desk,
      hashing: {
        run(work) {
          worked += 1;
          return line.run(work);
        },
      },
    };
    const counted = openAccounts([anna], counting);
    await counted.check('anna', 'wrong');
    await counted.check('eve', 'wrong');
    assert.equal(worked, 2);
  });

  it('has to wait behind others, and is not looked at where too many wait', async () => {
    const crowded = openAccounts([anna], { ...desk, hashing: waitingLine(1, 1) });
    const answers = [1, 2, 3].map(() => crowded.check('anna', 'sesame'));
    assert.deepEqual(await Promise.all(answers), ['yes', 'yes', 'busy']);
  });

  it('is no at once where there are no accounts', async () => {
    assert.equal(await openAccounts([], desk).check('anna', 'sesame'), 'no');
  });
});

describe('a certificate', () => {
  const named: Account = {
    ...printer,
    user: 'scanner',
    certificates: [{ kind: 'name', host: { kind: 'under', suffix: domainOf('example.test') } }],
  };
  const accounts = openAccounts([anna, printer, named], desk);
  const shown: TlsFacts = { ...tlsFacts, chain: [leaf.raw], path: { kind: 'trusted' } };
  const untrusted: TlsFacts = { ...shown, path: { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' } };
  it('proves whose digest it is and whose name it has', () =>
    assert.deepEqual(accounts.provenBy(shown), ['printer', 'scanner']));
  it('proves no name without a root that vouches for it, while a digest needs none', () =>
    assert.deepEqual(accounts.provenBy(untrusted), ['printer']));
  it('that was not shown proves nobody', () => assert.deepEqual(accounts.provenBy(tlsFacts), []));
});

describe('an account without a password', () => {
  const accounts = openAccounts([anna, printer], desk);
  for (const password of ['sesame', '', 'null'])
    it(`is not opened by ${JSON.stringify(password)}`, async () =>
      assert.equal(await accounts.check('printer', password), 'no'));
  it('has rights like others', () => assert.equal(accounts.rightsOf('printer'), anyRights));
  it('that nobody has has none', () => assert.equal(accounts.rightsOf('eve'), undefined));
});

describe('a SCRAM verifier', () => {
  const accounts = openAccounts([anna, bert], desk);

  it('is the stored one for a user who has one', () => {
    const secret = bert.secret?.kind === 'scram' ? bert.secret.verifier : assert.fail();
    assert.deepEqual(accounts.verifier('bert'), { verifier: secret, known: true });
  });

  for (const user of ['anna', 'eve', 'Bert']) {
    it(`is made up for ${user}, always the same, and looks like a stored one`, () => {
      const stored = accounts.verifier('bert').verifier;
      const { verifier, known } = accounts.verifier(user);
      assert.equal(known, false);
      assert.deepEqual(openAccounts([anna, bert], desk).verifier(user).verifier, verifier);
      assert.equal(verifier.iterations, stored.iterations);
      for (const part of ['salt', 'storedKey', 'serverKey'] as const) {
        assert.equal(verifier[part].length, stored[part].length, part);
        assert.notDeepEqual(verifier[part], stored[part], part);
      }
    });
  }

  it('differs from user to user and from process to process', () => {
    const salts = [
      accounts.verifier('eve').verifier.salt,
      accounts.verifier('eva').verifier.salt,
      openAccounts([bert], openLoginDesk()).verifier('eve').verifier.salt,
    ].map((salt) => Buffer.from(salt).toString('hex'));
    assert.equal(new Set(salts).size, 3);
  });
});

describe('why a login failed, for the operator', () => {
  const accounts = openAccounts([anna, bert, printer], desk);
  const cases: readonly [
    user: string,
    mechanism: 'PLAIN' | 'SCRAM-SHA-256',
    reason: string,
    because: string,
  ][] = [
    ['anna', 'PLAIN', 'password', 'the password is wrong'],
    ['bert', 'SCRAM-SHA-256', 'password', 'the password is wrong'],
    ['anna', 'SCRAM-SHA-256', 'password', 'the password of the account is not stored for SCRAM'],
    ['printer', 'PLAIN', 'password', 'the account has no password'],
    ['eve', 'PLAIN', 'unknown', 'there is no such account'],
  ];
  for (const [user, mechanism, reason, because] of cases)
    it(`${user} by ${mechanism}: ${because}`, () =>
      assert.deepEqual(accounts.faultOf(user, mechanism), { reason, because }));
});
