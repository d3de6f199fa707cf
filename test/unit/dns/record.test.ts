import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMessage } from '../../../src/dns/message.ts';
import { types } from '../../../src/dns/record.ts';
import { printed, recorded } from '../../support/dns/recordings.ts';

describe('types', () => {
  it('have the numbers that BIND gives their records', () => {
    const byName = new Map<string, number>(Object.entries(types));
    const seen = new Set<string>();
    for (const transfer of ['bind-axfr-nsec', 'bind-axfr-nsec3']) {
      const decoded = decodeMessage(recorded(transfer));
      assert.ok(decoded.kind === 'ok');
      for (const [index, { type }] of decoded.message.answers.entries()) {
        const name = printed(transfer)[index]?.[3] ?? '';
        if (!byName.has(name)) continue;
        assert.equal(byName.get(name), type, name);
        seen.add(name);
      }
    }
    // OPT is in no zone, and ANY in none either.
    assert.deepEqual(
      Object.keys(types).filter((name) => !seen.has(name)),
      ['OPT', 'ANY'],
    );
  });
});
