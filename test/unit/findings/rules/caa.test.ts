/** Which authorities may issue certificates: each id where it is, and where it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../../../src/findings/finding.ts';
import { caaFindings } from '../../../../src/findings/rules/caa.ts';
import { authorityOf } from '../../../../src/findings/rules/caa-authorities.ts';
import { certify, party, server, step } from '../../../support/chains.ts';
import { HOST, observe, only, statesOf, tlsSeen } from '../../../support/observations.ts';
import { plainZone, type Scene, stage } from '../../../support/scenes.ts';
import type { ScriptedZone } from '../../../support/scripted-zone.ts';
import { der } from '../../tls/forge.ts';

function found(scene: Scene): readonly Finding[] {
  const { theCase, run } = stage(scene);
  return run(caaFindings(theCase));
}

/** RFC 8659 §4.1, in the generic form of RFC 3597. */
function caa(flags: number, tag: string, value: string): string {
  const data = Buffer.concat([Buffer.from([flags, tag.length]), Buffer.from(`${tag}${value}`)]);
  return `\\# ${data.length} ${data.toString('hex')}`;
}

const withCaa = (at: string, ...records: readonly string[]): ScriptedZone => ({
  ...plainZone,
  [`${at} CAA`]: records,
});
const issue = (ca: string): string => caa(0, 'issue', ca);

describe('which records hold', () => {
  it('RFC 8659 §3: those at the host, or at the closest name above that has some', () => {
    const zone = { ...withCaa('example.test', issue('above.test')), [`${HOST} CAA`]: [issue('own.test')] };
    assert.match(only(found({ zone }), 'caa.missing')[0]?.evidence[0] ?? '', /"own\.test"/);
    assert.match(
      only(found({ zone: withCaa('example.test', issue('above.test')) }), 'caa.missing')[0]?.evidence[0] ??
        '',
      /^example\.test\. CAA 0 issue "above\.test"$/,
    );
    assert.equal(statesOf(found({ zone: withCaa('test', issue('top.test')) }), 'caa.missing'), 'pass');
  });

  it('none at all is absent, with a record to paste; none that is known is not tested', () => {
    const [none] = found({ zone: plainZone });
    assert.equal(`${none?.id} ${none?.state} ${none?.severity}`, 'caa.missing absent info');
    assert.deepEqual(none?.fix[0]?.lines, [
      { for: 'dns', text: 'example.test. IN CAA 0 issue "letsencrypt.org"' },
    ]);
    assert.equal(
      statesOf(found({ zone: { ...plainZone, [`${HOST} CAA`]: 'unknown' } }), 'caa.missing'),
      'not-tested',
    );
  });
});

describe('records that authorities must refuse', () => {
  it('RFC 8659 §4.1: a critical tag that is not known, or none at all', () => {
    const critical = (...records: readonly string[]): string =>
      statesOf(found({ zone: withCaa('example.test', ...records) }), 'caa.critical-unknown');
    assert.equal(critical(caa(128, 'tbs', 'Unknown')), 'fail');
    assert.equal(critical('\\# 2 0005'), 'fail', 'longer than it is');
    assert.equal(critical(caa(0, 'tbs', 'Unknown')), 'pass');
    assert.equal(critical(caa(128, 'issue', 'ca.test')), 'pass');
  });
});

describe('the certificate in use', () => {
  const [organization, commonName] = [step([0x55, 4, 10], "Let's Encrypt"), step([0x55, 4, 3], 'R11')];
  const leaf = certify(party(HOST), party('R11'), {
    extensions: server(HOST),
    issuer: der(0x30, organization, commonName),
  });
  const scene = (zone: ScriptedZone, kind: 'trusted' | 'untrusted' = 'trusted'): Scene => {
    const path = kind === 'trusted' ? { kind } : { kind, code: 'X' };
    return { zone, observations: [observe({ base: { tls: tlsSeen({ chain: [leaf], path }) } })] };
  };
  const states = (...records: readonly string[]): string =>
    statesOf(found(scene(withCaa('example.test', ...records))), 'caa.violated');

  it('RFC 8659 §4.2: is of an authority that the records name', () => {
    assert.equal(states(issue('letsencrypt.org')), 'pass');
    assert.equal(states(issue('Letsencrypt.org ; validationmethods=dns-01')), 'pass');
    assert.equal(states(issue('other.test'), issue('letsencrypt.org')), 'pass');
    assert.equal(states(issue('other.test')), 'warn');
    assert.equal(states(issue(';')), 'warn', 'nobody may issue');
  });

  it('RFC 8659 §4.3: with a wildcard among its names may be of one that "issuewild" names', () => {
    const wild = certify(party(HOST), party('R11'), {
      extensions: server(HOST, '*.example.test'),
      issuer: der(0x30, organization, commonName),
    });
    const zone = withCaa('example.test', issue('other.test'), caa(0, 'issuewild', 'letsencrypt.org'));
    const seen = (chain: readonly Buffer[]): string =>
      statesOf(
        found({ zone, observations: [observe({ base: { tls: tlsSeen({ chain }) } })] }),
        'caa.violated',
      );
    assert.equal(seen([wild]), 'pass');
    assert.equal(seen([leaf]), 'warn');
  });

  it('is free to be of any where no record restricts it, and where no public authority vouches for it', () => {
    assert.equal(states(caa(0, 'iodef', 'mailto:a@example.test')), '');
    assert.equal(
      statesOf(found(scene(withCaa('example.test', issue('other.test')), 'untrusted')), 'caa.violated'),
      '',
    );
  });
});

it('of an authority that is not known nothing is said', () => {
  assert.equal(authorityOf('CN=X, O=Nobody, C=US'), undefined);
  assert.equal(authorityOf('CN=O=Amazon'), undefined);
  assert.deepEqual(authorityOf('C=US, O=Google Trust Services, CN=WR2'), ['pki.goog']);
  assert.deepEqual(authorityOf("O=Let's Encrypt"), ['letsencrypt.org']);
});

it('of addresses nothing is asked', () => {
  const target = {
    kind: 'address',
    address: '192.0.2.1',
    port: 25,
    protocol: 'smtp',
    tls: 'starttls',
  } as const;
  assert.deepEqual(found({ zone: {}, target }), []);
});
