import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import {
  type Account,
  type Accounts,
  anyRights,
  type LoginDesk,
  newHidden,
  openAccounts,
  openLoginDesk,
} from '../../../src/relay/accounts.ts';
import type { Directory } from '../../../src/relay/directory.ts';
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
      assert.equal((await accounts.check(user, password)).kind, answer));
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
    assert.deepEqual(
      (await Promise.all(answers)).map(({ kind }) => kind),
      ['yes', 'yes', 'busy'],
    );
  });

  it('is no at once where there are no accounts', async () => {
    assert.equal((await openAccounts([], desk).check('anna', 'sesame')).kind, 'no');
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
      assert.equal((await accounts.check('printer', password)).kind, 'no'));
  it('has rights like others', () => assert.equal(accounts.rightsOf('printer'), anyRights));
  it('that nobody has has none', () => assert.equal(accounts.rightsOf('eve'), undefined));
});

/** What SCRAM is told of a user. */
async function scramOf(accounts: Accounts, user: string) {
  const told = await accounts.verifier(user);
  return told.kind === 'verifier' ? told : assert.fail(told.kind);
}

describe('a SCRAM verifier', () => {
  const accounts = openAccounts([anna, bert], desk);
  const secret = bert.secret?.kind === 'scram' ? bert.secret.verifier : assert.fail();

  it('is the stored one for a user who has one', async () => {
    const { verifier, rights } = await scramOf(accounts, 'bert');
    assert.deepEqual([verifier, rights], [secret, anyRights]);
  });

  for (const user of ['anna', 'eve', 'Bert']) {
    it(`is made up for ${user}, always the same, and looks like a stored one`, async () => {
      const { verifier, rights } = await scramOf(accounts, user);
      assert.equal(rights, null);
      assert.deepEqual((await scramOf(openAccounts([anna, bert], desk), user)).verifier, verifier);
      assert.equal(verifier.iterations, secret.iterations);
      for (const part of ['salt', 'storedKey', 'serverKey'] as const) {
        assert.equal(verifier[part].length, secret[part].length, part);
        assert.notDeepEqual(verifier[part], secret[part], part);
      }
    });
  }

  it('differs from user to user and from process to process', async () => {
    const salts = [
      await scramOf(accounts, 'eve'),
      await scramOf(accounts, 'eva'),
      await scramOf(openAccounts([bert], openLoginDesk()), 'eve'),
    ].map(({ verifier: { salt } }) => Buffer.from(salt).toString('hex'));
    assert.equal(new Set(salts).size, 3);
  });

  it('is the same in processes that are one relay: else whoever asks two of them learns who is unknown', async () => {
    const hidden = newHidden();
    const [one, two] = [openLoginDesk(hidden), openLoginDesk(hidden)];
    const told = [openAccounts([anna, bert], one), openAccounts([anna, bert], two)];
    const [first, second] = await Promise.all(told.map((some) => scramOf(some, 'eve')));
    assert.deepEqual(first, second);
  });
});

describe('why a login failed, for the operator', () => {
  const accounts = openAccounts([anna, bert, printer], desk);
  const cases: readonly [user: string, reason: string, because: string][] = [
    ['anna', 'password', 'the password is wrong'],
    ['printer', 'password', 'the account has no password'],
    ['eve', 'unknown', 'there is no such account'],
  ];
  for (const [user, reason, because] of cases)
    it(`${user} by PLAIN: ${because}`, async () =>
      assert.deepEqual(await accounts.check(user, 'wrong'), { kind: 'no', reason, because }));

  const byScram: readonly [user: string, reason: string, because: string][] = [
    ['bert', 'password', 'the password is wrong'],
    ['anna', 'password', 'the password of the account is not stored for SCRAM'],
    ['eve', 'unknown', 'there is no such account'],
  ];
  for (const [user, reason, because] of byScram)
    it(`${user} by SCRAM-SHA-256: ${because}`, async () =>
      assert.deepEqual((await scramOf(accounts, user)).fault, { reason, because }));
});

describe('accounts of a directory', () => {
  const asked: string[] = [];
  /** Knows cleo, whose password is bert's, and dora, who is not active. */
  function directoryOf(changes: Partial<Directory> = {}): Directory {
    return {
      scram: true,
      close: () => undefined,
      find(user) {
        asked.push(user);
        const found = { ...bert, user };
        if (user === 'cleo') return Promise.resolve({ kind: 'found', account: found, active: true });
        if (user === 'dora') return Promise.resolve({ kind: 'found', account: found, active: false });
        return Promise.resolve({ kind: user === 'nobody-knows' ? 'unknown' : 'absent' });
      },
      ...changes,
    };
  }
  const accounts = openAccounts([anna], desk, directoryOf());

  it('bring the mechanisms for passwords, and SCRAM where they are said to', () => {
    assert.deepEqual(openAccounts([], desk, directoryOf({ scram: false })).mechanisms, ['PLAIN', 'LOGIN']);
    assert.deepEqual(openAccounts([], desk, directoryOf()).mechanisms, ['PLAIN', 'LOGIN', 'SCRAM-SHA-256']);
  });

  const cases: readonly [user: string, password: string, answer: string][] = [
    ['cleo', 'abracadabra', 'yes'],
    ['cleo', 'sesame', 'no: the password is wrong'],
    ['dora', 'abracadabra', 'no: the account is not active'],
    ['dora', 'sesame', 'no: the account is not active'],
    ['eve', 'abracadabra', 'no: there is no such account'],
    ['nobody-knows', 'abracadabra', 'unknown'],
    ['anna', 'sesame', 'yes'],
    ['anna', 'abracadabra', 'no: the password is wrong'],
  ];
  for (const [user, password, answer] of cases)
    it(`${user} with ${password}: ${answer}`, async () => {
      const verdict = await accounts.check(user, password);
      assert.equal(verdict.kind === 'no' ? `no: ${verdict.because}` : verdict.kind, answer);
    });

  it('are asked about one of the configuration only where his password is wrong: so it takes as long', async () => {
    asked.length = 0;
    await accounts.check('anna', 'sesame');
    assert.deepEqual(asked, []);
    await accounts.check('anna', 'wrong');
    assert.deepEqual(asked, ['anna']);
  });

  it('let one of the configuration in where nobody answers, and refuse his wrong password', async () => {
    const silent = openAccounts(
      [anna],
      desk,
      directoryOf({ find: () => Promise.resolve({ kind: 'unknown' }) }),
    );
    assert.equal((await silent.check('anna', 'sesame')).kind, 'yes');
    assert.equal((await silent.check('anna', 'wrong')).kind, 'no');
    assert.equal((await silent.verifier('cleo')).kind, 'unknown');
  });

  it('cost an unknown user the work of a known one, also before anybody is known', async () => {
    let worked = 0;
    const hashing: LoginDesk['hashing'] = {
      run(work) {
        worked += 1;
        return waitingLine(1, 1).run(work);
      },
    };
    const fresh = openAccounts([], { ...desk, hashing }, directoryOf());
    for (const user of ['eve', 'cleo', 'dora', 'eve']) await fresh.check(user, 'wrong');
    assert.equal(worked, 4);
  });

  it('give SCRAM what they store, and whoever is none of theirs what looks like it', async () => {
    const fresh = openAccounts([], desk, directoryOf());
    const before = await scramOf(fresh, 'eve');
    assert.equal(before.verifier.salt.length, 16);
    const cleo = await scramOf(fresh, 'cleo');
    assert.deepEqual(cleo.rights, anyRights);
    const { verifier, rights } = await scramOf(fresh, 'eve');
    assert.deepEqual([verifier.iterations, rights], [cleo.verifier.iterations, null]);
    assert.deepEqual((await scramOf(fresh, 'eve')).verifier, verifier);
    const dora = await scramOf(fresh, 'dora');
    assert.deepEqual([dora.rights, dora.fault.because], [null, 'the account is not active']);
  });

  it('are found without a proof for whoever is believed, unless they are not active', async () => {
    assert.equal(await accounts.look('cleo'), anyRights);
    assert.equal(await accounts.look('anna'), anyRights);
    assert.deepEqual(await Promise.all(['dora', 'eve', 'nobody-knows'].map((user) => accounts.look(user))), [
      'absent',
      'absent',
      'unknown',
    ]);
  });
});
