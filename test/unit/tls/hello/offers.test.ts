import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientHello } from '../../../../src/tls/hello/client-hello.ts';
import { groups } from '../../../../src/tls/hello/groups.ts';
import {
  baseOffer,
  groupsOfToday,
  offerOfToday,
  offerUpTo,
  openSuites,
  weakestUpTo12,
} from '../../../../src/tls/hello/offers.ts';
import { suites } from '../../../../src/tls/hello/suites.ts';
import { SSL_3, TLS_1_2 } from '../../../../src/tls/hello/versions.ts';
import { ingredients } from './asked.ts';

describe('what hellos offer', () => {
  it('suites that can be agreed on with anybody: no secrets, and not the one that is for the time before any', () => {
    const names = openSuites.map(({ name }) => name);
    assert.ok(!names.some((name) => /PSK|SRP|KRB5|ECCPWD|FORTEZZA|NULL_WITH_NULL/.test(name)));
    assert.ok(names.length > 240);
  });

  it('lists of 128 suites at most have all that today is in use', () => {
    assert.equal(weakestUpTo12.length, 128);
    const usual = [
      0x0004, 0x0005, 0x000a, 0x002f, 0x0035, 0x009c, 0x009e, 0xc013, 0xc02b, 0xc02f, 0xc030, 0xcca8, 0xc061,
    ];
    for (const code of usual) assert.ok(weakestUpTo12.includes(code), suites.get(code)?.name ?? '');
  });

  it('groups of TLS 1.3: only those of which there can be a share', () => {
    for (const code of groupsOfToday) assert.ok(groups.get(code)?.share, String(code));
  });

  it('every one of them can be written', () => {
    for (const offer of [
      baseOffer(ingredients),
      offerUpTo(ingredients, SSL_3),
      offerUpTo(ingredients, TLS_1_2),
      offerOfToday(ingredients, [0x001d]),
    ])
      assert.equal(clientHello(offer)[0], 22);
  });
});
