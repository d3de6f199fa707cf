import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MailDomain } from '../../../src/names/mailbox.ts';
import type { MessageDemand } from '../../../src/policies/message.ts';
import type { Route } from '../../../src/policies/overrides/route.ts';
import { nothingRuled } from '../../../src/policies/overrides/rule.ts';
import { type NextHops, nextHops } from '../../../src/relay/next-hops.ts';
import {
  byMx,
  DOMAIN,
  factsOf,
  hostWith,
  hostWithout,
  nameOf,
  routeOf,
  stsOf,
  type Told,
  tlsaOf,
} from '../../support/destinations.ts';

const recipient: MailDomain = { kind: 'domain', domain: DOMAIN };

interface Given extends Told {
  readonly route?: Route;
  readonly to?: MailDomain;
  readonly message?: MessageDemand | null;
  /** Our own addresses. */
  readonly ours?: readonly string[];
}

/** Where mail for example.test goes by these facts. */
function hopsBy({ route, to = recipient, ours = [], message = null, ...told }: Given): Promise<NextHops> {
  const terms = {
    level: () => 'may' as const,
    lookUp: () => Promise.resolve(factsOf(told)),
    smtpPort: 25,
    isSelf: (address: string, port: number) => port === 25 && ours.includes(address),
  };
  return nextHops({ domain: to, route, ruled: nothingRuled, release: null, message }, terms, () => 0);
}

function shown(hops: NextHops): string {
  switch (hops.kind) {
    case 'found':
      return hops.hops
        .map(({ host, address, serverName }) => `${host} ${address} ${serverName ?? '-'}`)
        .join(', ');
    case 'none':
      return `none ${hops.status}`;
    case 'unknown':
      return `unknown${hops.forbidden ? ' as forbidden' : ''}, ${hops.demanded.requires} by ${hops.demanded.by}`;
  }
}

/** A host at `192.0.2.N`. */
function at(host: string, last: number, tlsa: 'usable' | 'absent' | 'unknown' = 'absent') {
  const facts = hostWith(host, tlsa);
  return facts.kind === 'found' ? { ...facts, addresses: [`192.0.2.${last}`] } : facts;
}

const best = 'mx1.example.test';
const second = 'mx2.example.test';
const both = [at(best, 1), at(second, 2)];

describe('the hosts that are tried', () => {
  it('are all that may be used, in order of preference, IPv6 first', async () => {
    const host = { ...at(best, 1), addresses: ['192.0.2.1', '2001:db8::1'] };
    const hops = await hopsBy({ hosts: [host, at(second, 2)] });
    assert.equal(
      shown(hops),
      `${best} 2001:db8::1 ${best}, ${best} 192.0.2.1 ${best}, ${second} 192.0.2.2 ${second}`,
    );
  });

  it('D11: never one whose TLSA records cannot be learnt', async () => {
    assert.equal(
      shown(await hopsBy({ hosts: [at(best, 1, 'unknown'), at(second, 2)] })),
      `${second} 192.0.2.2 ${second}`,
    );
    assert.equal(shown(await hopsBy({ hosts: [at(best, 1, 'unknown')] })), 'unknown, authenticate by dane');
  });

  it('S11: never one that the policy of MTA-STS does not list', async () => {
    assert.equal(
      shown(await hopsBy({ hosts: both, sts: stsOf('enforce', second) })),
      `${second} 192.0.2.2 ${second}`,
    );
    assert.equal(
      shown(await hopsBy({ hosts: both, sts: stsOf('enforce', 'other.test') })),
      'unknown as forbidden, authenticate by sts',
    );
  });

  it('D9, D10: never one without an address', async () => {
    const hosts = [hostWithout(best, 'absent'), hostWithout(second, 'unknown')];
    assert.equal(shown(await hopsBy({ hosts })), 'unknown, none by default');
  });

  it('those that may do another time are told beside them; those without an address or forbidden are not', async () => {
    const over = async (given: Given): Promise<string | null | undefined> => {
      const hops = await hopsBy(given);
      return hops.kind === 'found' ? hops.passedOver?.because : undefined;
    };
    assert.match((await over({ hosts: [at(best, 1, 'unknown'), at(second, 2)] })) ?? '', /unknown/);
    assert.match((await over({ hosts: [hostWithout(best, 'unknown'), at(second, 2)] })) ?? '', /unknown/);
    assert.equal(await over({ hosts: [hostWithout(best, 'absent'), at(second, 2)] }), undefined);
    assert.equal(await over({ hosts: both, sts: stsOf('enforce', second) }), undefined);
  });

  it('D21: are asked for by the TLSA base domain', async () => {
    const base = nameOf('real.example.test');
    assert.match(
      shown(await hopsBy({ hosts: [hostWith(best, tlsaOf('usable', base))] })),
      / real\.example\.test$/,
    );
  });

  it('D22: an address is called as it is, nothing is looked up', async () => {
    const to: MailDomain = { kind: 'literal', address: '192.0.2.7' };
    assert.equal(shown(await hopsBy({ to })), '192.0.2.7 192.0.2.7 -');
  });

  it('are none for a domain that takes no mail or is not there, and the code says which', async () => {
    const because = 'of the test';
    assert.equal(shown(await hopsBy({ way: { kind: 'null', because }, hosts: [] })), 'none 5.1.10');
    assert.equal(shown(await hopsBy({ way: { kind: 'no-such-domain', because }, hosts: [] })), 'none 5.1.2');
  });
});

describe('RFC 5321 §5.1: where we are an MX ourselves', () => {
  it('only hosts before us are tried', async () => {
    assert.equal(shown(await hopsBy({ hosts: both, ours: ['192.0.2.2'] })), `${best} 192.0.2.1 ${best}`);
  });

  it('mail to us alone loops', async () => {
    assert.equal(shown(await hopsBy({ hosts: both, ours: ['192.0.2.1'] })), 'none 5.4.6');
  });

  it('also where a policy rules our own host out: behind us mail would come back', async () => {
    const hosts = [at(best, 1), at(second, 2, 'unknown'), at('mx3.example.test', 3)];
    assert.equal(shown(await hopsBy({ hosts, ours: ['192.0.2.2'] })), `${best} 192.0.2.1 ${best}`);
    const sts = stsOf('enforce', second);
    assert.equal(shown(await hopsBy({ hosts: both, sts, ours: ['192.0.2.1'] })), 'none 5.4.6');
  });

  it('mail waits where the hosts before us cannot be used now', async () => {
    const hosts = [at(best, 1, 'unknown'), at(second, 2)];
    assert.equal(shown(await hopsBy({ hosts, ours: ['192.0.2.2'] })), 'unknown, authenticate by dane');
  });

  it('a configured host that is us loops', async () => {
    const route = routeOf({ to: { protocol: 'smtp', host: { kind: 'name', name: nameOf(best) }, port: 25 } });
    const way = { kind: 'configured', host: nameOf(best) } as const;
    assert.equal(
      shown(await hopsBy({ route, way, hosts: [at(best, 1)], ours: ['192.0.2.1'] })),
      'none 5.4.6',
    );
    assert.equal(
      shown(await hopsBy({ route, way, hosts: [at(best, 1)], sts: stsOf('testing', 'x.test') })),
      `${best} 192.0.2.1 ${best}`,
    );
    assert.equal(
      shown(await hopsBy({ way: byMx('secure', best), hosts: [at(best, 1)] })),
      `${best} 192.0.2.1 ${best}`,
    );
  });
});
