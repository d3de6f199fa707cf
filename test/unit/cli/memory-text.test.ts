import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memoryNotice } from '../../../src/cli/memory-text.ts';
import type { Domain } from '../../../src/names/domain.ts';
import type { TrackLevel } from '../../../src/policies/memory/track.ts';
import { DAY, LAST, MX1, trackOf } from '../../support/tracks.ts';

const against = { since: LAST + DAY, lastAt: LAST + 4 * DAY, days: 4, sessions: 9 };

describe('what the log says of the memory', () => {
  it('that a session fell short, and what follows', () => {
    const change = { kind: 'stands-against', track: trackOf(), reached: 'clear' } as const;
    const [about, what] = memoryNotice(change, { mode: 'enforce', hasList: true });
    assert.deepEqual(about, { domain: 'example.test', host: 'mx1.example.test', level: 'encrypt' });
    assert.equal(
      what,
      'example.test fell short of what is remembered: each session with mx1.example.test since 2026-10-29 (10) has gone over TLS, and now the host had no TLS to offer; mail waits for it, unless the domain vouches for what it has now',
    );
    assert.match(
      memoryNotice(change, { mode: 'observe', hasList: true })[1],
      /nothing waits for that, as \[memory\] mode is observe/,
    );
  });

  it('that the policy list can vouch for a host, too, where there is one, and only where its word counts', () => {
    const follows = (host: Domain | null, level: TrackLevel, hasList: boolean): string => {
      const change = { kind: 'stands-against', track: trackOf({ host, level }), reached: 'encrypt' } as const;
      return memoryNotice(change, { mode: 'enforce', hasList })[1].replace(/^.*; /, '');
    };
    const domain = 'mail waits for it, unless the domain vouches for what it has now';
    const both = 'mail waits for it, unless the domain vouches for what it has now, or the policy list';
    assert.equal(follows(null, 'authenticate', true), both);
    assert.equal(follows(null, 'authenticate', false), domain);
    // A host that is known, and TLS at all, are expected whatever the list says.
    assert.equal(follows(MX1, 'authenticate', true), domain);
    assert.equal(follows(null, 'encrypt', true), domain);
  });

  it('that the memory gives way, loudly enough to be asked about', () => {
    const track = trackOf({ host: null, level: 'authenticate', against });
    const [about, what] = memoryNotice({ kind: 'gave-way', track }, { mode: 'enforce', hasList: false });
    assert.deepEqual(about, { domain: 'example.test', host: null, level: 'authenticate' });
    assert.equal(
      what,
      'the memory of example.test gives way: each session with hosts of the domain since 2026-10-29 (10) has been authenticated, and 9 in a row have not since 2026-11-29T12:00:00Z; what is seen counts from now on',
    );
  });
});
