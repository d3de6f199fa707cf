import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ObservedTls } from '../../../../src/findings/observation.ts';
import { certFindings } from '../../../../src/findings/rules/cert.ts';

import {
  caseOf,
  chainFor,
  hostCase,
  observe,
  only,
  otherKey,
  statesOf,
  tlsSeen,
} from '../../../support/observations.ts';
import { type Findings, found } from './certificates.ts';

describe('the same everywhere', () => {
  const across = (second: Partial<ObservedTls>): Findings =>
    certFindings(
      caseOf([
        hostCase([
          observe(),
          observe({ endpoint: { address: '192.0.2.2' }, base: { tls: tlsSeen(second) } }),
        ]),
      ]),
    );

  it('each address its own certificate is fine where they are worth the same', () => {
    const own = chainFor({ key: 'p384' });
    assert.deepEqual(
      only(across({ chain: own }), 'cert.differs-by-ip').map(({ state, severity }) => `${state} ${severity}`),
      ['warn info'],
    );
    const other = chainFor({ names: ['other.example.test'] });
    assert.deepEqual(
      only(across({ chain: other }), 'cert.differs-by-ip').map(
        ({ state, severity }) => `${state} ${severity}`,
      ),
      ['warn medium'],
    );
    assert.equal(statesOf(across({}), 'cert.differs-by-ip'), 'pass');
    assert.equal(statesOf(found(chainFor()), 'cert.differs-by-ip'), '');
  });

  it('either kind of key: both are looked at, and compared', () => {
    const withOther = (tls?: Partial<ObservedTls>): Findings =>
      certFindings(caseOf([hostCase([observe({ probes: { otherKey: otherKey(tls) } })])]));
    assert.equal(statesOf(withOther(), 'cert.differs-by-alg'), 'pass');
    const wrong = withOther({ chain: chainFor({ names: ['other.example.test'], key: 'rsa2048' }) });
    assert.equal(statesOf(wrong, 'cert.differs-by-alg'), 'warn');
    assert.equal(statesOf(wrong, 'cert.name-mismatch'), 'pass, fail');
    // The server that has one certificate only shows it again.
    assert.equal(statesOf(withOther({ chain: chainFor() }), 'cert.differs-by-alg'), '');
  });
});
