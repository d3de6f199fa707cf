import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isHard, openSuppressions } from '../../../src/relay/suppression.ts';
import type { Bounce, ClientStore, Suppression } from '../../../src/store/client-store.ts';
import { mailboxOf } from '../../support/incoming.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const rule = { after: 3, withinMs: 1_000 };
const row: Suppression = {
  address: 'anna@far.test',
  times: [1, 2, 3],
  status: '5.1.1',
  diagnostic: null,
  suppressedAt: NOW,
};

function setting(t: TestContext, rows: readonly Suppression[] = []) {
  const added: Bounce[][] = [];
  const told: unknown[] = [];
  const world = { now: NOW, fails: false, forgotten: [] as number[] };
  const store: ClientStore['suppressions'] = {
    of(address) {
      if (world.fails) throw new Error('broken');
      return rows.find((one) => one.address === address);
    },
    add(bounces) {
      if (world.fails) throw new Error('full');
      added.push([...bounces]);
      return [row];
    },
    list: () => [],
    count: () => 0,
    lift: () => false,
    forget: (before) => void world.forgotten.push(before),
  };
  const suppressions = openSuppressions({
    store,
    now: () => world.now,
    onOddity: (what, about) => told.push([what, about]),
    onError: (what) => told.push(what),
  });
  t.after(() => suppressions.close());
  const bounce = (address: string) => ({
    recipient: mailboxOf(address),
    at: NOW,
    status: '5.1.1',
    diagnostic: null,
  });
  return { suppressions, added, told, world, bounce };
}

describe('a recipient', () => {
  it('is refused once he is suppressed, with the day, the reason and the way out', (t) => {
    const { suppressions } = setting(t, [row, { ...row, address: 'ben@far.test', suppressedAt: null }]);
    assert.deepEqual(suppressions.refusal(mailboxOf('Anna@far.test')), {
      code: 550,
      enhanced: '5.1.1',
      text: 'anna@far.test is suppressed since 2026-11-29, as 3 messages came back for good (5.1.1); "waxwing queue suppressed" shows and lifts it',
    });
    assert.equal(suppressions.refusal(mailboxOf('ben@far.test')), undefined);
    assert.equal(suppressions.refusal(mailboxOf('carl@far.test')), undefined);
  });
});

describe('a list that cannot be read', () => {
  it('is told of, and holds up no mail', (t) => {
    const { suppressions, told, world } = setting(t, [row]);
    world.fails = true;
    assert.equal(suppressions.refusal(mailboxOf('anna@far.test')), undefined);
    assert.deepEqual(told, ['looking up who is suppressed']);
  });
});

describe('bounces', () => {
  it('are gathered, and written together', (t) => {
    const { suppressions, added, told, bounce } = setting(t);
    suppressions.note(bounce('Anna@far.test'), rule);
    suppressions.note(bounce('ben@far.test'), rule);
    assert.equal(added.length, 0);
    suppressions.flush();
    suppressions.flush();
    assert.deepEqual(
      added.map((batch) => batch.map(({ address }) => address)),
      [['anna@far.test', 'ben@far.test']],
    );
    assert.deepEqual(told, [
      [
        'no bulk mail is taken any more for a recipient: 3 messages came back for good',
        { recipient: 'anna@far.test', status: '5.1.1' },
      ],
    ]);
  });

  it('that cannot be written are written with the next ones', (t) => {
    const { suppressions, added, told, world, bounce } = setting(t);
    suppressions.note(bounce('anna@far.test'), rule);
    world.fails = true;
    suppressions.flush();
    assert.deepEqual(told, ['writing down who is suppressed']);
    world.fails = false;
    suppressions.flush();
    assert.equal(added.length, 1);
  });

  it('do not fill the memory', (t) => {
    const { suppressions, added, bounce } = setting(t);
    for (let index = 0; index < 10_100; index++) suppressions.note(bounce('anna@far.test'), rule);
    suppressions.flush();
    assert.equal(added[0]?.length, 10_000);
  });

  it('of which there were too few are forgotten, once an hour', (t) => {
    const { suppressions, world, bounce } = setting(t);
    suppressions.note(bounce('anna@far.test'), rule);
    suppressions.flush();
    assert.deepEqual(world.forgotten, []);
    world.now += 3_600_000;
    suppressions.flush();
    suppressions.flush();
    assert.deepEqual(world.forgotten, [world.now - rule.withinMs]);
  });
});

it('RFC 3463 §3: hard is what is said for good, and of the mailbox', () => {
  for (const status of ['5.0.0', '5.1.1', '5.1.10', '5.2.1', '5.2.2', '5.3.0', '5.4.1', '5.4.4'])
    assert.equal(isHard(status), true, status);
  for (const status of ['4.2.2', '2.0.0', '5.2.3', '5.3.4', '5.6.7', '5.7.1', '5.7.26', '5.71.1'])
    assert.equal(isHard(status), status === '5.71.1', status);
});

it('RFC 3463 §3: what a host says of the sender, of itself and of the protocol it would say of any recipient', () => {
  for (const status of ['5.1.7', '5.1.8', '5.3.1', '5.3.2', '5.3.3', '5.3.5', '5.5.0', '5.5.1', '5.5.4'])
    assert.equal(isHard(status), false, status);
});

it('RFC 5321 §4.2.3: without a status only those replies are hard that a mailbox can be refused with', () => {
  for (const code of [550, 551, 553]) assert.equal(isHard('5.0.0', code), true, String(code));
  for (const code of [500, 503, 521, 530, 535, 552, 554, 555, 556])
    assert.equal(isHard('5.0.0', code), false, String(code));
  assert.equal(isHard('5.1.1', 554), true);
});
