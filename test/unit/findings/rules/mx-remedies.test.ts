/** How a mail host without an address is repaired: what the address brings with it is said before it is published. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressRemedies, removal } from '../../../../src/findings/rules/mx-remedies.ts';
import { nameOf } from '../../../support/destinations.ts';
import { HOST, underPolicy } from '../../../support/observations.ts';

const dead = {
  domain: nameOf('example.test'),
  host: nameOf('mx2.example.test'),
  preference: 20,
  isOnly: false,
};

describe('a mail host without an address', () => {
  it('under MTA-STS first policy and certificate, then the address; or the record goes', () => {
    const [listing, certificate, address, away, ...others] = addressRemedies(
      underPolicy('sts-enforce'),
      dead,
    );
    assert.deepEqual(others, []);
    assert.match(
      listing?.do ?? '',
      /^If mx2\.example\.test is to take mail, first add it to the MTA-STS policy of example\.test \(enforce\), which does not list it, .* refuse to deliver to it as soon as it has an address\.$/,
    );
    assert.deepEqual(listing?.lines, [{ for: 'policy-file', text: 'mx: mx2.example.test' }]);
    assert.match(certificate?.do ?? '', /^Then .* certificate of a public authority that names mx2\./);
    assert.match(address?.do ?? '', /^Then, not before, publish the addresses of mx2\.example\.test;/);
    assert.deepEqual(away, removal(dead));
  });

  it('a host that the policy lists needs the certificate alone', () => {
    const [certificate, address] = addressRemedies(underPolicy('sts-enforce'), {
      ...dead,
      host: nameOf(HOST),
    });
    assert.match(certificate?.do ?? '', /is to take mail, first give its server a certificate .* refuse/);
    assert.match(address?.do ?? '', /^Then, not before, publish/);
  });

  it('under testing senders report, and deliver', () => {
    const [listing] = addressRemedies(underPolicy('sts-testing'), dead);
    assert.match(listing?.do ?? '', /\(testing\), .* senders report failures/);
  });

  it('without a policy the address is all', () => {
    const [address, away, ...others] = addressRemedies(underPolicy('none'), dead);
    assert.deepEqual(others, []);
    assert.match(address?.do ?? '', /^If mx2\.example\.test is to take mail, publish the addresses/);
    assert.equal(address?.verify, 'dig +short mx2.example.test A mx2.example.test AAAA');
    assert.deepEqual(away?.lines, [{ for: 'dns', text: 'example.test. IN MX 20 mx2.example.test.' }]);
    assert.equal(away?.verify, 'dig +short example.test MX');
  });

  it('the zone of somebody else is for whoever runs the host', () => {
    const [address] = addressRemedies(underPolicy('none'), { ...dead, host: nameOf('mx.other.test') });
    assert.equal(address?.who, 'mail-provider');
    assert.equal(address?.lines, undefined);
  });

  it('the only record is not taken out without another', () => {
    assert.match(
      removal({ ...dead, isOnly: true }).do,
      /and put one in its place that names a host of yours/,
    );
    assert.doesNotMatch(removal(dead).do, /in its place/);
  });
});
