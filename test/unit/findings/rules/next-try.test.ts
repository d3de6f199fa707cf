import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VisitEnd } from '../../../../src/findings/observation.ts';
import { starttlsFindings } from '../../../../src/findings/rules/starttls.ts';
import { tlsFindings } from '../../../../src/findings/rules/tls.ts';
import {
  caseOf,
  helloRefused,
  hostCase,
  observe,
  only,
  probeNotTested,
  secured,
} from '../../../support/observations.ts';

/** A server that refuses whoever names no host, and says not why: at standard no connection is left for TLS 1.1 and 1.0. */
function told(end: VisitEnd, connections: number): readonly (readonly unknown[])[] {
  const probes = {
    hello: { weakFirst: helloRefused(40), old: probeNotTested(end) },
    upToTls12: secured({ version: 'TLSv1.2' }),
  };
  const findings = tlsFindings(caseOf([hostCase([observe({ connections, probes })])]));
  return ['tls.tls10', 'tls.tls11'].flatMap((id) =>
    only(findings, id).map(({ state, fix, retryAt }) => [state, fix[0]?.do, retryAt !== null]),
  );
}

describe('a question for which there was no connection', () => {
  const deeper = ['not-tested', 'Check again with --depth deep, which has more connections.', false];
  const later = ['not-tested', 'Check again later.', true];

  it('is not tested, and never passes; a deeper check asks it', () => {
    assert.deepEqual(told({ kind: 'complete' }, 6), [deeper, deeper]);
    assert.deepEqual(told({ kind: 'without-tls' }, 6), [deeper, deeper]);
  });

  it('is asked again later where the server did not let us, or there is no deeper check', () => {
    assert.deepEqual(told({ kind: 'timeout', at: 'handshake', ms: 30_000 }, 6), [later, later]);
    assert.deepEqual(told({ kind: 'complete' }, 16), [later, later]);
    assert.deepEqual(told({ kind: 'not-connected' }, 3), [later, later]);
  });

  it('about names, the same', () => {
    const probes = { noServerName: probeNotTested({ kind: 'complete' }) };
    const findings = starttlsFindings(caseOf([hostCase([observe({ connections: 6, probes })])]));
    assert.match(only(findings, 'starttls.sni-required')[0]?.fix[0]?.do ?? '', /--depth deep/);
  });
});
