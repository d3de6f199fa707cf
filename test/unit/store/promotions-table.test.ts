import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import type { Promotion } from '../../../src/policies/report-only/promotion.ts';
import { policyDatabase } from '../../../src/store/policy-migrations.ts';
import { promotionsTable } from '../../../src/store/promotions-table.ts';
import { DOMAIN, nameOf } from '../../support/destinations.ts';

const promotion: Promotion = {
  domain: DOMAIN,
  level: 'encrypt',
  setAt: 1,
  until: 1_000,
  reason: 'seen',
  mostBlocked: 3,
  blocked: 0,
  endedAt: null,
  endedBecause: null,
};

describe('the table of promoted levels', () => {
  it('keeps them, adds up what several processes have seen blocked, and ends each once', (t) => {
    const database = new DatabaseSync(':memory:');
    for (const step of policyDatabase.steps) database.exec(step);
    t.after(() => database.close());
    const [table, other] = [promotionsTable(database), promotionsTable(database)];
    table.put(promotion);
    assert.deepEqual(table.get(DOMAIN), promotion);
    assert.equal(table.block(DOMAIN, 2)?.blocked, 2);
    assert.equal(other.block(DOMAIN, 3)?.blocked, 5);
    assert.equal(table.end(DOMAIN, 500, 'too much'), true);
    assert.equal(other.end(DOMAIN, 501, 'too much'), false);
    const ended = { ...promotion, blocked: 5, endedAt: 500, endedBecause: 'too much' };
    assert.deepEqual(table.list(), [ended]);
    // What is found blocked later is not its doing.
    assert.deepEqual(table.block(DOMAIN, 1), ended);
    table.put({ ...promotion, setAt: 600 });
    assert.deepEqual(table.get(DOMAIN), { ...promotion, setAt: 600 });
    assert.equal(table.block(nameOf('other.test'), 1), undefined);
  });
});
