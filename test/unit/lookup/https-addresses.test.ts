import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameOf } from '../../../src/dns/name.ts';
import { httpsAddresses, unlessRefused } from '../../../src/lookup/https-addresses.ts';
import type { Dns } from '../../../src/net/dns.ts';
import { nameOf as domainOf } from '../../support/destinations.ts';

const host = domainOf('mta-sts.customer.test');
const provider = domainOf('mta-sts.provider.test');

const dns: Dns = {
  addresses: () =>
    Promise.resolve({
      kind: 'found',
      value: ['2001:db8::1', '192.0.2.1'],
      dnssec: 'insecure',
      aliases: [{ from: nameOf(host), to: nameOf(provider), by: 'CNAME', status: 'insecure' }],
    }),
};
const nothing: Dns = {
  addresses: () => Promise.resolve({ kind: 'absent', what: 'no-such-name', dnssec: 'insecure', aliases: [] }),
};

describe('the addresses of a host', () => {
  it('are those of the DNS', async () => {
    const found = { kind: 'found', addresses: ['2001:db8::1', '192.0.2.1'] };
    assert.deepEqual(await httpsAddresses(dns, host), found);
    assert.deepEqual(await unlessRefused(dns, host, () => undefined), found);
    const none = { kind: 'failed', because: 'mta-sts.customer.test has no address' };
    assert.deepEqual(await httpsAddresses(nothing, host), none);
    assert.deepEqual(await unlessRefused(nothing, host, () => assert.fail('whom would that be?')), none);
  });

  it('are none where somebody whom it leads to is to be left alone', async () => {
    const because = 'of the test';
    const leftAlone = { kind: 'left-alone', because };
    const byName = await unlessRefused(dns, host, (names) =>
      names.includes(provider) ? because : undefined,
    );
    assert.deepEqual(byName, leftAlone);
    const byAddress = await unlessRefused(dns, host, (_, addresses) =>
      addresses.includes('192.0.2.1') ? because : undefined,
    );
    assert.deepEqual(byAddress, leftAlone);
  });
});
