/**
 * What a check says of servers, beside what testssl.sh, sslscan, nmap, openssl, gnutls-cli and posttls-finger say of the same ones.
 * `agreement/run.ts` does it over the whole zoo.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compare } from './agreement/compare.ts';
import { sorted } from './agreement/differences.ts';
import { differencesIn, resultOf } from './agreement/result.ts';
import { lookedAt } from './agreement/servers.ts';
import { listed, type Sighting } from './agreement/sighting.ts';
import { type Thorough, toolsFor } from './agreement/tools.ts';
import { tour } from './agreement/tour.ts';
import { peerTest } from './support/peer.ts';

/** With how much of testssl.sh, which takes the longest. */
const handful: Readonly<Record<string, Thorough>> = {
  'postfix-everything': 'none',
  'dovecot-imap-everything': 'some',
  'postfix-certificate-expired': 'some',
  'prosody-good': 'none',
  'slapd-good': 'none',
};

describe('a check and other programs say the same, or there is a reason', () => {
  for (const one of lookedAt) {
    const thorough = handful[one.name];
    if (thorough === undefined) continue;
    peerTest(`${one.name}: ${one.shows}`, ['scanners', 'postfix', one.program], async (roots) => {
      const results = [resultOf(await tour(one, toolsFor(thorough), roots))];
      const { unexplained, idle } = sorted(results, differencesIn(results));
      assert.deepEqual(unexplained, []);
      assert.deepEqual(
        idle.map(({ why }) => why),
        [],
      );
      const compared = results[0]?.tools.filter(({ kind }) => kind === 'seen') ?? [];
      assert.ok(compared.length >= 3, 'hardly anybody could look');
    });
  }
});

const seen: Sighting = {
  versions: new Map([
    ['TLSv1.1', false],
    ['TLSv1.2', true],
  ]),
  suites: new Map([['TLSv1.2', listed(['TLS_RSA_WITH_AES_128_CBC_SHA'], true)]]),
  groups: listed(['x25519'], false),
  certificates: listed(['aa'], true),
  verified: { kind: 'no', faults: ['time', 'name'] },
};

describe('a program that says something else', () => {
  const cases: readonly (readonly [string, Partial<Sighting>, readonly string[]])[] = [
    ['nothing', {}, []],
    ['another version', { versions: new Map([['TLSv1.1', true]]) }, ['version TLSv1.1']],
    ['no TLS', { versions: new Map([['TLSv1.2', false]]) }, ['tls TLS', 'version TLSv1.2']],
    [
      'a suite less and another more',
      { suites: new Map([['TLSv1.2', listed(['TLS_NULL'], true)]]) },
      ['suite TLSv1.2 TLS_RSA_WITH_AES_128_CBC_SHA', 'suite TLSv1.2 TLS_NULL'],
    ],
    ['no suite, where it lists none', { suites: new Map([['TLSv1.2', listed([], false)]]) }, []],
    ['all groups, and not ours', { groups: listed(['x448'], true) }, ['group x25519']],
    ['another certificate', { certificates: listed(['bb'], false) }, ['certificate bb']],
    ['one reason of two', { verified: { kind: 'no', faults: ['name'] } }, []],
    ['another reason', { verified: { kind: 'no', faults: ['issuer'] } }, ['verified certificate']],
    ['that it is good', { verified: { kind: 'yes' } }, ['verified certificate']],
    ['nothing of certificates', { verified: { kind: 'unsaid' } }, []],
  ];
  for (const [what, theirs, differ] of cases) {
    it(what, () => {
      const { differences } = compare(seen, { ...seen, ...theirs });
      assert.deepEqual(
        differences.map(({ kind, what: name }) => `${kind} ${name}`),
        differ,
      );
    });
  }
});
