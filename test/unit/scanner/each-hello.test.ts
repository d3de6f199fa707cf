import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eachHello } from '../../../src/scanner/each-hello.ts';
import { agreed } from '../../support/observations.ts';
import { everyHello } from './hellos.ts';

describe('hellos of our own', () => {
  it('are changed all alike, but the list of all suites', () => {
    const suites = { connections: 0, versions: [] };
    let changed = 0;
    const hello = eachHello({ ...everyHello(() => agreed()), suites }, (probe) => {
      changed += 1;
      return probe.kind === 'seen' && probe.result === 'agreed'
        ? { ...probe, session: { ...probe.session, chain: [] } }
        : probe;
    });
    assert.deepEqual(hello, { ...everyHello(() => agreed({ chain: [] })), suites });
    assert.equal(changed, Object.keys(everyHello(() => agreed())).length);
  });

  it('are none where none was said', () => {
    assert.deepEqual(
      eachHello({}, (probe) => probe),
      {},
    );
  });
});
