import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faultOf } from '../../../../src/cli/check/fault.ts';
import { parseTarget } from '../../../../src/cli/check/target.ts';

const parsed = parseTarget('a.test', { protocol: undefined, tls: undefined });
const target = parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);

describe('a target at which this program itself fails', () => {
  it('is named, with the place of the fault and no more than that', () => {
    const { kind, because } = faultOf(target, new TypeError('no such thing'));
    assert.equal(kind, 'invalid');
    assert.match(
      because,
      /^a\.test: waxwing itself has failed at it; please report this: TypeError: no such thing\n +at /,
    );
    assert.ok(because.split('\n').length <= 6);
    assert.ok(faultOf(target, new Error('x'.repeat(1e6))).because.length < 1_100);
    assert.match(faultOf(target, 'torn').because, /please report this: torn$/);
  });
});
