import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkProfileSchema } from '../../../src/events/check-profile.ts';
import { severities } from '../../../src/findings/check.ts';
import { levels, requirementStates } from '../../../src/findings/profiles/profile.ts';

const { shape } = checkProfileSchema;
const requirement = shape.requirements.element.shape;

describe('the schema of a profile in a report', () => {
  it('has the words of requirements, each of them and no other', () => {
    assert.deepEqual(shape.state.options, [...requirementStates]);
    assert.deepEqual(requirement.state.options, [...requirementStates]);
    assert.deepEqual(requirement.places.element.shape.state.options, [...requirementStates]);
    assert.deepEqual(requirement.severity.options, [...severities]);
    assert.deepEqual(requirement.level.unwrap().options, [...levels]);
  });

  it('refuses a key nobody knows', () => {
    const section = {
      name: 'x',
      title: 'x',
      state: 'met',
      requirements: [],
      severities: {},
      others: 'count',
    };
    assert.equal(checkProfileSchema.safeParse(section).success, true);
    assert.equal(checkProfileSchema.safeParse({ ...section, extra: 0 }).success, false);
  });
});
