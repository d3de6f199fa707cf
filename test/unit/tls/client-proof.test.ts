import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { type ClientRule, rulesProvenBy } from '../../../src/tls/client-proof.ts';
import { createAuthority } from '../../support/certificates.ts';

const authority = await createAuthority();
const leaf = new X509Certificate(
  (await authority.issue({ names: ['mx1.partner.test', '192.0.2.1'], cn: 'common.partner.test' })).certPem,
);
const other = new X509Certificate((await authority.issue({ names: ['mx1.partner.test'] })).certPem);

const hex = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
const keyOf = ({ publicKey }: X509Certificate): Buffer => publicKey.export({ type: 'spki', format: 'der' });
const named = (name: string): ClientRule => ({ kind: 'name', host: { kind: 'name', name: domain(name) } });
const under = (name: string): ClientRule => ({ kind: 'name', host: { kind: 'under', suffix: domain(name) } });
const digest = (octets: Uint8Array): ClientRule => ({ kind: 'sha256', hex: hex(octets) });

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

describe('a certificate of a client', () => {
  const cases: readonly [why: string, rule: ClientRule, trusted: boolean, proven: boolean][] = [
    ['has a name', named('mx1.partner.test'), true, true],
    ['has a name below a suffix', under('partner.test'), true, true],
    ['has an address', { kind: 'name', host: { kind: 'ip', address: '192.0.2.1' } }, true, true],
    ['has no other name', named('mx2.partner.test'), true, false],
    ['RFC 9525 §6.3: has no common name', named('common.partner.test'), true, false],
    ['has no name that nobody vouches for', named('mx1.partner.test'), false, false],
    ['has no suffix that nobody vouches for', under('partner.test'), false, false],
    ['is the one of that digest', digest(leaf.raw), true, true],
    ['is the one of that digest, whoever vouches for it', digest(leaf.raw), false, true],
    ['has the key of that digest', digest(keyOf(leaf)), false, true],
    ['is no other of the same name', digest(other.raw), true, false],
    ['has no other key', digest(keyOf(other)), true, false],
  ];
  for (const [why, rule, trusted, proven] of cases) {
    it(`${why}: ${proven ? 'proven' : 'not proven'}`, () =>
      assert.deepEqual(rulesProvenBy({ chain: [leaf.raw], trusted }, [rule]), proven ? [rule] : []));
  }

  it('is the first of the chain: the others vouch for it, and prove nothing', () => {
    const chain = [other.raw, leaf.raw];
    assert.deepEqual(rulesProvenBy({ chain, trusted: true }, [digest(leaf.raw)]), []);
  });

  it('that was not presented proves nothing', () =>
    assert.deepEqual(rulesProvenBy({ chain: [], trusted: true }, [digest(leaf.raw), under('test')]), []));
});
