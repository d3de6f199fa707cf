import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMailboxPattern } from '../../../src/cli/config/values.ts';
import { anyRights } from '../../../src/relay/accounts.ts';
import { type DirectorySettings, openDirectory } from '../../../src/relay/directory.ts';
import { hashPassword } from '../../../src/relay/password.ts';
import type { AccountRow, AccountRows } from '../../../src/store/account-rows.ts';
import { StoreError } from '../../../src/store/store-error.ts';

const row: AccountRow = {
  password_hash: await hashPassword('sesame', 'scrypt', (octets) => new Uint8Array(octets).fill(7)),
};
const never = (): Promise<never> => new Promise(() => undefined);
const gone = (): Promise<never> => Promise.reject(new StoreError('failed', 'nobody is there'));

/** A directory on a database that does as `find` does, with a clock that stands still, and what was said. */
function directoryOn(find: AccountRows['find'], changes: Partial<DirectorySettings> = {}) {
  const told: string[] = [];
  const world = { now: 1_000_000, find, closed: 0 };
  const directory = openDirectory(
    {
      open: () => ({ find: (...asked) => world.find(...asked), close: () => void (world.closed += 1) }),
      scram: false,
      connections: 2,
      withinMs: 1_000,
      rememberMs: 0,
      rights: anyRights,
      ownAddressOnly: false,
      parseSender: parseMailboxPattern,
      ...changes,
    },
    { now: () => world.now, onOddity: (what, about) => told.push(`${what} ${JSON.stringify(about)}`) },
  );
  return { directory, world, told };
}

describe('an account in a database', () => {
  it('is found, or is not there', async () => {
    const { directory, told } = directoryOn((user) => Promise.resolve(user === 'anna' ? [row] : []));
    const found = await directory.find('anna');
    assert.deepEqual([found.kind, found.kind === 'found' && found.active], ['found', true]);
    assert.deepEqual(await directory.find('eve'), { kind: 'absent' });
    assert.deepEqual(told, []);
  });

  it('is not asked about where its name cannot be one', async () => {
    const { directory } = directoryOn(() => assert.fail('asked'));
    assert.deepEqual(await directory.find('an\0na'), { kind: 'absent' });
    assert.deepEqual(await directory.find('x'.repeat(1_001)), { kind: 'absent' });
  });

  it('is unknown, not absent, where the database fails', async () => {
    const { directory, told } = directoryOn(gone);
    assert.deepEqual(await directory.find('anna'), { kind: 'unknown' });
    assert.deepEqual(told, ['an account cannot be looked up: nobody is there {}']);
  });

  it('is unknown where its row cannot be used, or where there are two', async () => {
    const { directory, world, told } = directoryOn(() => Promise.resolve([{ password_hash: 'pencil' }]));
    assert.deepEqual(await directory.find('anna'), { kind: 'unknown' });
    world.now += 60_000;
    world.find = () => Promise.resolve([row, row]);
    assert.deepEqual(await directory.find('anna'), { kind: 'unknown' });
    assert.match(told[0] ?? '', /the row of "anna" cannot be used: its password_hash: /);
    assert.match(told[1] ?? '', /the query gives more than one row for a user/);
    assert.doesNotMatch(told.join(), /pencil/);
  });

  it('lets an error of ours through', async () => {
    const { directory } = directoryOn(() => Promise.reject(new TypeError('ours')));
    await assert.rejects(directory.find('anna'), TypeError);
  });

  it('is waited for only so long, also by those who wait for others', { timeout: 5_000 }, async () => {
    let asked = 0;
    const { directory, told } = directoryOn(
      () => {
        asked += 1;
        return never();
      },
      { withinMs: 50 },
    );
    const begun = performance.now();
    const all = await Promise.all(Array.from({ length: 10 }, (_, n) => directory.find(`user${n}`)));
    assert.ok(all.every(({ kind }) => kind === 'unknown'));
    assert.ok(performance.now() - begun < 1_000);
    assert.deepEqual([asked, told.length], [2, 1]);
  });

  it('gets its turn again once a database that hung lets go', async () => {
    const { directory, world } = directoryOn(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new StoreError('failed', 'ended')));
        }),
      { withinMs: 30, connections: 1 },
    );
    assert.deepEqual(await directory.find('anna'), { kind: 'unknown' });
    await sleep(10);
    world.find = () => Promise.resolve([row]);
    assert.equal((await directory.find('anna')).kind, 'found');
  });

  it('is unknown at once where too many wait', async () => {
    const { directory } = directoryOn(never, { withinMs: 200, connections: 1 });
    const waiting = Array.from({ length: 65 }, () => directory.find('anna'));
    const begun = performance.now();
    assert.deepEqual(await directory.find('anna'), { kind: 'unknown' });
    assert.ok(performance.now() - begun < 100);
    await Promise.all(waiting);
  });

  it('is told of once a minute where it fails, with how many came between', async () => {
    const { directory, world, told } = directoryOn(gone);
    for (let n = 0; n < 5; n++) await directory.find('anna');
    world.now += 60_000;
    await directory.find('anna');
    assert.deepEqual(told, [
      'an account cannot be looked up: nobody is there {}',
      'an account cannot be looked up: nobody is there {"before":4}',
    ]);
  });
});

describe('an account that is remembered', () => {
  const found = (): Promise<readonly AccountRow[]> => Promise.resolve([row]);

  it('stands in for a database that does not answer, and only so long', async () => {
    const { directory, world } = directoryOn(found, { rememberMs: 1_000 });
    await directory.find('anna');
    world.find = gone;
    world.now += 999;
    assert.equal((await directory.find('anna')).kind, 'found');
    assert.equal((await directory.find('bert')).kind, 'unknown');
    world.now += 1;
    assert.equal((await directory.find('anna')).kind, 'unknown');
  });

  it('is forgotten at once where the database says that it is gone, or closed', async () => {
    const { directory, world } = directoryOn(found, { rememberMs: 1_000 });
    await directory.find('anna');
    world.find = () => Promise.resolve([]);
    assert.equal((await directory.find('anna')).kind, 'absent');
    world.find = gone;
    assert.equal((await directory.find('anna')).kind, 'unknown');
    world.find = () => Promise.resolve([{ ...row, active: false }]);
    await directory.find('anna');
    world.find = gone;
    const last = await directory.find('anna');
    assert.equal(last.kind === 'found' && last.active, false);
  });

  it('stands in for nobody where the database answers, and others take its time', async () => {
    const { directory, world } = directoryOn(found, { rememberMs: 10_000, connections: 1, withinMs: 60 });
    await directory.find('anna');
    world.find = async () => {
      await sleep(40);
      return [];
    };
    const rush = Array.from({ length: 64 }, (_, n) => directory.find(`eve${n}`));
    const late = directory.find('anna');
    assert.deepEqual(await directory.find('anna'), { kind: 'unknown' });
    assert.deepEqual(await late, { kind: 'unknown' });
    await Promise.all(rush);
  });

  it('stands in also for those who wait while the database hangs', async () => {
    const { directory, world } = directoryOn(found, { rememberMs: 10_000, connections: 1, withinMs: 50 });
    await directory.find('anna');
    world.find = never;
    const first = directory.find('bert');
    assert.equal((await directory.find('anna')).kind, 'found');
    assert.equal((await first).kind, 'unknown');
  });

  it('is nobody where nothing is said about it', async () => {
    const { directory, world } = directoryOn(found);
    await directory.find('anna');
    world.find = gone;
    assert.equal((await directory.find('anna')).kind, 'unknown');
  });
});
