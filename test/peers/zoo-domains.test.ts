/** Domains of the lab whose records are wrong, or right: a check finds exactly what is to be found of each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { labTests } from '../lab/lab-test.ts';
import { checkedDomains } from '../zoo/domains.ts';
import { readExpected } from '../zoo/expected.ts';
import { outcomesOfDomains } from '../zoo/tour.ts';

const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });
const expected = readExpected('domains');

describe('a domain of the lab', () => {
  labTest(`each of ${checkedDomains.length} has what is to be found of it`, async (lab) => {
    const outcomes = await outcomesOfDomains(lab, checkedDomains);
    for (const { name } of checkedDomains) assert.deepEqual(outcomes.get(name), expected[name], name);
  });

  it('has no row that nobody visits', () => {
    assert.deepEqual(
      Object.keys(expected),
      checkedDomains.map(({ name }) => name),
    );
  });
});
