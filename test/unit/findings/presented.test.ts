import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observation } from '../../../src/findings/observation.ts';
import { placesOf } from '../../../src/findings/place.ts';
import {
  fingerprintOf,
  isReadable,
  presentedAt,
  showCertificate,
  summaryOf,
} from '../../../src/findings/presented.ts';
import { aDay } from '../../support/chains.ts';
import {
  caseOf,
  chainFor,
  HOST,
  hostCase,
  now,
  observe,
  otherKey,
  sentAway,
  tlsSeen,
} from '../../support/observations.ts';

const presentedIn = (observation: Observation): ReturnType<typeof presentedAt> =>
  placesOf(caseOf([hostCase([observation])])).flatMap((place) => presentedAt(place));

describe('certificates of an endpoint', () => {
  it('each once, with what came with it', () => {
    const [one, ...others] = presentedIn(observe());
    assert.ok(one !== undefined && isReadable(one));
    assert.deepEqual(others, []);
    assert.deepEqual(one.summary.names, [HOST]);
    assert.equal(one.others.length, 1);
    assert.deepEqual([one.from, one.until], [now - 30 * aDay, now + 60 * aDay + 1000]);
    assert.match(showCertificate(one), /^Certificate: CN=mx1\.example\.test \(SHA-256 [0-9a-f]{16}…\)$/);
  });

  it('one for each kind of key, unless it is the same', () => {
    const both = presentedIn(observe({ probes: { otherKey: otherKey() } })).filter(isReadable);
    assert.deepEqual(
      both.map(({ hello }) => hello),
      ['usual', 'other key'],
    );
    assert.match(showCertificate(both[1] ?? assert.fail('there is one only')), /the other kind of key/);
    const same = otherKey({ chain: chainFor() });
    assert.equal(presentedIn(observe({ probes: { otherKey: same } })).length, 1);
  });

  it('what cannot be read is said; where nothing was presented or seen, there is none', () => {
    const nonsense = tlsSeen({ chain: [Buffer.from('nonsense')] });
    const [unreadable] = presentedIn(observe({ base: { tls: nonsense } }));
    assert.ok(unreadable !== undefined && !isReadable(unreadable));
    assert.deepEqual(presentedIn(observe({ base: { tls: tlsSeen({ chain: [] }) } })), []);
    assert.deepEqual(presentedIn(observe({ base: sentAway('blocked') })), []);
    assert.equal(fingerprintOf(nonsense), undefined);
  });

  it('the fingerprint is that of the own certificate', () => {
    assert.equal(fingerprintOf(tlsSeen()), summaryOf(tlsSeen())?.sha256);
    assert.notEqual(fingerprintOf(tlsSeen()), fingerprintOf(tlsSeen({ chain: chainFor({ key: 'p384' }) })));
  });
});
