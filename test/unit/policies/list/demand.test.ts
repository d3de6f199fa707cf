import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TlsWish } from '../../../../src/names/message-terms.ts';
import { decideAll, type Rules } from '../../../../src/policies/combine.ts';
import { formatIdentity } from '../../../../src/policies/decide.ts';
import { listFor } from '../../../../src/policies/list/facts.ts';
import { messageDemand } from '../../../../src/policies/message.ts';
import type { TlsLevel } from '../../../../src/policies/words.ts';
import {
  byMx,
  DOMAIN,
  factsOf,
  hostWith,
  overrideOf,
  stsOf,
  type Told,
} from '../../../support/destinations.ts';
import { DAY, keptOf, listHead, listOf, NOON } from '../../../support/lists.ts';

const mx1 = 'mx1.example.test';
const mx2 = 'mx2.example.test';

function decided(told: Told, level: TlsLevel = 'may', wish: TlsWish | null = null): string {
  const rules: Rules = {
    route: undefined,
    defaultLevel: level,
    message: messageDemand(wish, 'enforce', false),
  };
  const verdict = decideAll(factsOf(told), rules);
  const hosts = verdict.hosts.map((host) => {
    if (host.kind === 'avoid') return `avoid by ${host.by}${host.forbidden ? ', forbidden' : ''}`;
    const { requires, by, provesName, match, dane } = host.decision;
    const names = provesName ? ` of ${match.map(formatIdentity).join(' or ')}` : '';
    return `${requires} by ${by}${names}${dane?.trusted === false ? ', half' : ''}`;
  });
  return [verdict.kind, ...hosts].join('; ');
}

const insecure = byMx('insecure', mx1);
const enforced = { list: listOf('enforce', mx1) };

describe('the policy list as a layer', () => {
  it('L1: enforce, and a host that it names: a certificate for the name of this host, and no other', () => {
    assert.equal(decided({ way: insecure, ...enforced }), `deliver; authenticate by list of ${mx1}`);
    assert.equal(decided({ ...enforced }), `deliver; authenticate by list of ${mx1}`);
    assert.equal(
      decided({ way: insecure, list: listOf('enforce', '.example.test') }),
      `deliver; authenticate by list of ${mx1}`,
    );
  });

  it('L2: enforce, and a host that it does not name: not this one; where there is no other, later', () => {
    const other = { list: listOf('enforce', mx2) };
    assert.equal(decided({ way: insecure, ...other }), 'defer; avoid by list, forbidden');
    const both = {
      way: byMx('insecure', mx1, mx2),
      hosts: [hostWith(mx1, 'absent'), hostWith(mx2, 'absent')],
    };
    assert.equal(
      decided({ ...both, ...other }),
      `deliver; avoid by list, forbidden; authenticate by list of ${mx2}`,
    );
  });

  it('L3: testing and none ask for nothing', () => {
    assert.equal(decided({ list: listOf('testing', mx2) }), 'deliver; none by default');
    assert.equal(decided({ list: listOf('none') }), 'deliver; none by default');
  });

  it('L4: a list whose time is over, none at all, and one without the domain ask for nothing', () => {
    for (const kept of [
      { ...keptOf('enforce', mx2), head: { ...listHead, expires: NOON } },
      { head: undefined, listed: undefined },
      { head: listHead, listed: undefined },
    ])
      assert.equal(decided({ list: listFor(DOMAIN, kept, NOON) }), 'deliver; none by default');
    assert.equal(
      decided({ list: listFor(DOMAIN, keptOf('enforce', mx2), NOON + 14 * DAY - 1) }),
      'defer; avoid by list, forbidden',
    );
  });

  it('L5: usable TLSA records decide about TLS; with secure MX records the list need not name the host', () => {
    const dane = { hosts: [hostWith(mx1, 'usable')] };
    assert.equal(decided({ ...dane, ...enforced }), 'deliver; authenticate by dane');
    assert.equal(decided({ ...dane, list: listOf('enforce', mx2) }), 'deliver; authenticate by dane');
    assert.equal(
      decided({ ...dane, way: insecure, list: listOf('enforce', mx2) }),
      'defer; avoid by list, forbidden',
    );
  });

  it('L5: a host that it names is one that the path could not choose: half-DANE becomes a proof', () => {
    const dane = { hosts: [hostWith(mx1, 'usable')], way: insecure };
    assert.equal(decided(dane), 'deliver; authenticate by dane, half');
    assert.equal(decided({ ...dane, ...enforced }), 'deliver; authenticate by dane');
    assert.equal(decided({ ...dane, list: listOf('testing', mx1) }), 'deliver; authenticate by dane, half');
  });

  it('L5: it does not rescue a host whose TLSA records cannot be learnt, and raises one with unusable ones', () => {
    assert.equal(decided({ hosts: [hostWith(mx1, 'unknown')], ...enforced }), 'defer; avoid by dane');
    assert.equal(
      decided({ hosts: [hostWith(mx1, 'unusable')], ...enforced }),
      `deliver; authenticate by list of ${mx1}`,
    );
  });

  it('L6: an MTA-STS policy in force tells better which hosts are the right ones', () => {
    const stale = { way: insecure, list: listOf('enforce', mx2) };
    assert.equal(decided({ ...stale, sts: stsOf('enforce', mx1) }), `deliver; authenticate by sts of ${mx1}`);
    assert.equal(
      decided({ ...stale, sts: stsOf('testing', mx1) }),
      `deliver; authenticate by list of ${mx1}`,
    );
    assert.equal(decided({ ...stale, sts: stsOf('testing', mx2) }), 'defer; avoid by list, forbidden');
    assert.equal(decided({ ...stale, sts: stsOf('none') }), 'defer; avoid by list, forbidden');
  });

  it('L6: it lowers nothing that MTA-STS asks for', () => {
    for (const list of [listOf('none'), listOf('testing', mx1), listOf('enforce', mx1)]) {
      assert.equal(
        decided({ way: insecure, sts: stsOf('enforce', mx1), list }),
        `deliver; authenticate by sts of ${mx1}`,
      );
      assert.equal(
        decided({ way: insecure, sts: stsOf('enforce', mx2), list }),
        'defer; avoid by sts, forbidden',
      );
    }
  });

  it('stands over the default level, and under an operator', () => {
    assert.equal(decided({ ...enforced, override: overrideOf('may') }), 'deliver; none by override');
    assert.equal(
      decided({ list: listOf('enforce', mx2), override: overrideOf('encrypt') }),
      'deliver; encrypt by override',
    );
    assert.equal(decided(enforced, 'authenticate'), `deliver; authenticate by list of ${mx1}`);
  });

  it('RFC 8689 §3: TLS-Required: No sets it aside', () => {
    assert.equal(decided(enforced, 'may', 'optional'), 'deliver; none by message');
    assert.equal(decided({ list: listOf('enforce', mx2) }, 'may', 'optional'), 'deliver; none by message');
  });
});
