import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certFindings } from '../../../../src/findings/rules/cert.ts';
import { basicConstraints, extendedKeyUsage, keyUsage } from '../../../support/chains.ts';
import { byMx, hostWith, nameOf } from '../../../support/destinations.ts';
import {
  ADDRESS,
  caseOf,
  chainFor,
  HOST,
  hostCase,
  observe,
  only,
  statesOf,
  tlsSeen,
  underPolicy,
} from '../../../support/observations.ts';
import { asVerified, found, leaf, policies, under } from './certificates.ts';

describe('RFC 9525: names', () => {
  it('of another host, which without a policy nobody minds', () => {
    const tls = { chain: chainFor({ names: ['example.test', 'mail.example.net'] }) };
    // RFC 7672 §3.2.2: under DANE-TA the domain of the mail does as well.
    const { 'dane-ta': _, ...others } = asVerified('low');
    for (const policy of Object.keys(others)) {
      const [finding] = only(
        under(policies.find((one) => one === policy) ?? 'none', tls),
        'cert.name-mismatch',
      );
      assert.deepEqual([finding?.state, finding?.severity], ['fail', others[policy]], policy);
    }
    assert.equal(statesOf(under('dane-ta', tls), 'cert.name-mismatch'), 'pass');
    const [ta] = only(under('dane-ta', { chain: chainFor({ names: ['other.test'] }) }), 'cert.name-mismatch');
    assert.deepEqual([ta?.state, ta?.severity], ['fail', 'critical']);
  });

  it('RFC 7672 §3.2.2: the domain of the mail counts only where the MX records are secure', () => {
    const theCase = underPolicy('dane-ta', [
      observe({ base: { tls: tlsSeen({ chain: chainFor({ names: ['example.test'] }) }) } }),
    ]);
    assert.ok(theCase.facts !== null);
    const facts = { ...theCase.facts, way: byMx('insecure', HOST) };
    assert.equal(statesOf(certFindings({ ...theCase, facts }), 'cert.name-mismatch'), 'fail');
  });

  it('where several mail hosts are one server, the certificate has to name all of them', () => {
    const chain = chainFor({ names: ['mail.example.net'] });
    const second = 'mx2.example.test';
    const at = (name: string, presented = chain) =>
      hostCase(
        [observe({ endpoint: { serverName: nameOf(name) }, base: { tls: tlsSeen({ chain: presented }) } })],
        { name, facts: hostWith(name, 'absent') },
      );
    const orderFor = (...hosts: readonly ReturnType<typeof at>[]): readonly string[] =>
      only(certFindings(caseOf(hosts)), 'cert.name-mismatch').flatMap(({ state, fix }) =>
        state === 'fail' ? fix.flatMap(({ do: order, lines }) => [order, JSON.stringify(lines)]) : [],
      );
    const [together = '', paths = ''] = orderFor(at(HOST), at(second));
    assert.match(together, /certificate issued that names mx1\.example\.test and mx2\.example\.test in its/);
    assert.match(paths, /\/mx1\.example\.test\//);
    assert.doesNotMatch(paths, /mx2/);
    // Each has its own certificate: the server tells names apart.
    const [alone = ''] = orderFor(
      at(HOST, chainFor({ names: [HOST] })),
      at(second, chainFor({ names: ['other.test'] })),
    );
    assert.match(alone, /certificate issued that names mx2\.example\.test in its/);
  });

  it('by a wildcard, as info', () => {
    const [finding] = only(found(chainFor({ names: ['*.example.test'] })), 'cert.wildcard');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'info']);
    assert.equal(statesOf(found(chainFor({ names: ['*.test'] })), 'cert.name-mismatch'), 'fail');
    assert.equal(statesOf(found(chainFor()), 'cert.wildcard'), 'pass');
  });

  it('in the common name only', () => {
    const chain = leaf({ extensions: [basicConstraints(false), keyUsage(0x80), extendedKeyUsage(1)] });
    const findings = under('sts-enforce', { chain });
    assert.deepEqual(
      only(findings, 'cert.cn-only').map(({ state, severity }) => `${state} ${severity}`),
      ['fail critical'],
    );
    assert.equal(statesOf(findings, 'cert.name-mismatch'), '');
    // RFC 7672 §3.2.3: "The CN-ID is only considered when no DNS-IDs are present".
    const [ta] = only(under('dane-ta', { chain }), 'cert.cn-only');
    assert.deepEqual([ta?.state, ta?.severity], ['warn', 'medium']);
    assert.equal(statesOf(found(chainFor()), 'cert.cn-only'), 'pass');
  });

  it('a host that is named by its address has none to compare', () => {
    const host = hostCase([observe({ endpoint: { serverName: null } })], { name: ADDRESS, facts: null });
    assert.equal(statesOf(certFindings(caseOf([host], { facts: null })), 'cert.name-mismatch'), '');
  });
});
