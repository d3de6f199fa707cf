import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameOf as wireNameOf } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import { driveRecorded } from '../../../src/findings/drive-recorded.ts';
import type { Recording } from '../../../src/findings/recording.ts';
import { all, fetchPolicy, type PolicyLookUp, recall, resolve } from '../../../src/policies/look-ups.ts';
import { DOMAIN } from '../../support/destinations.ts';
import { answerFrom } from '../../support/scripted-zone.ts';

const question = { name: wireNameOf(DOMAIN), type: types.MX };
const nothing: Pick<Recording, 'answers' | 'fetched' | 'recalled'> = {
  answers: [],
  fetched: [],
  recalled: [],
};

describe('a recording answers', () => {
  it('what was asked, also several things at once', () => {
    const recording = {
      ...nothing,
      answers: [answerFrom({ 'example.test MX': ['10 mx.example.test.'] })(question)],
    };
    function* talk(): PolicyLookUp<readonly string[]> {
      const answers = yield* all([resolve(question), resolve({ ...question, type: types.A })]);
      return answers.map(({ kind, because }) => `${kind}: ${because}`);
    }
    assert.deepEqual(driveRecorded(talk(), recording), [
      'found: of the test: insecure',
      'unknown: it was not asked in the run that was recorded',
    ]);
  });

  it('that a policy was not fetched, which is no word of its host', () => {
    function* talk(): PolicyLookUp<string> {
      const outcome = yield* fetchPolicy(DOMAIN);
      return outcome.kind === 'failed' ? outcome.because : outcome.kind;
    }
    assert.match(driveRecorded(talk(), nothing), /not fetched in the run/);
  });

  it('that nothing was known of a domain', () => {
    function* talk(): PolicyLookUp<unknown> {
      return yield* recall(DOMAIN);
    }
    assert.deepEqual(driveRecorded(talk(), nothing), { sts: undefined, overrides: [] });
  });
});
