import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AccountRights, type Accounts, anyRights } from '../../../src/relay/accounts.ts';
import { accountsOfSession } from '../../../src/relay/session-accounts.ts';

const own: AccountRights = { ...anyRights, tellOutcome: true };
const verifier = {
  salt: new Uint8Array(8),
  iterations: 4096,
  storedKey: new Uint8Array(32),
  serverKey: new Uint8Array(32),
};
const fault = { reason: 'password', because: 'wrong' } as const;

/** Has anna in the configuration; everybody else is in the directory, with the password "right". */
const accounts: Accounts = {
  mechanisms: [],
  provenBy: () => [],
  rightsOf: (user) => (user === 'anna' ? anyRights : undefined),
  look: (user) => Promise.resolve(user === 'eve' ? 'absent' : own),
  check: (_, password) =>
    Promise.resolve(password === 'right' ? { kind: 'yes', rights: own } : { kind: 'no', ...fault }),
  verifier: (user) =>
    Promise.resolve({ kind: 'verifier', verifier, rights: user === 'eve' ? null : own, fault }),
};

describe('the accounts of a session', () => {
  it('know whom it has logged in, and nobody else of the directory', async () => {
    const session = accountsOfSession(accounts);
    assert.equal(session.rightsOf('bert'), undefined);
    await session.check('bert', 'right');
    assert.equal(session.rightsOf('bert'), own);
    assert.equal(session.rightsOf('cleo'), undefined);
    assert.equal(session.rightsOf('anna'), anyRights);
    assert.equal(accountsOfSession(accounts).rightsOf('bert'), undefined);
  });

  it('know whom it has asked about for SCRAM, and whom a front has logged in', async () => {
    const session = accountsOfSession(accounts);
    await session.verifier('bert');
    assert.equal(session.rightsOf('bert'), own);
    await session.look('cleo');
    assert.deepEqual([session.rightsOf('cleo'), session.rightsOf('bert')], [own, undefined]);
  });

  it('know nobody after a login that failed', async () => {
    const session = accountsOfSession(accounts);
    await session.check('bert', 'right');
    await session.check('bert', 'wrong');
    assert.equal(session.rightsOf('bert'), undefined);
    await session.verifier('eve');
    await session.look('eve');
    assert.equal(session.rightsOf('eve'), undefined);
  });
});
