/** The short form of the faults in test/faults: what breaks while mail comes in, and that nothing accepted is lost by it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockJump } from '../faults/clock-jump.ts';
import { fewDescriptors } from '../faults/descriptors.ts';
import { diskFull } from '../faults/disk-full.ts';
import { killedBeforeDovecot } from '../faults/kill.ts';
import { readOnlyMeanwhile } from '../faults/read-only.ts';
import { resolverDown } from '../faults/resolver-down.ts';
import type { Row } from '../faults/support/row.ts';
import { peerTest } from './support/peer.ts';

/** Every accepted message arrived. */
function assertAllArrived(row: Row): void {
  assert.ok(row.accepted > 30, `${row.accepted} were accepted`);
  assert.deepEqual(
    { arrived: row.arrived, waiting: row.waiting, returned: row.returned, lost: row.lost },
    { arrived: row.accepted, waiting: 0, returned: 0, lost: 0 },
    JSON.stringify(row, null, 1),
  );
}

// They wait most of the time.
describe('while mail comes in', { concurrency: 3 }, () => {
  peerTest(
    'the program is killed in the middle of a flush: Dovecot gets all that was accepted, by LMTP',
    ['dovecot'],
    async ({ dovecot }, t) => {
      const row = await killedBeforeDovecot(dovecot, 3, 'in a flush');
      assertAllArrived(row);
      assert.ok((row.facts['caught'] ?? 0) > 0, 'no thread was seen in a flush');
      t.diagnostic(`${row.accepted} accepted, ${row.doubles} doubles`);
    },
  );

  it('RFC 5321 §4.2.3: 452 while the disk has not an octet left, and one line for each thing that fails', async () => {
    const row = await diskFull(0, 2_000);
    assertAllArrived(row);
    assert.match(row.clients, /452 4\.3\.1 \(/);
    assert.equal(row.facts['taken'], 0);
    assert.ok(row.log.length < 5 && row.log.every((line) => !line.endsWith(' times)')), row.log.join('\n'));
  });

  it('the kernel makes the data folder read-only: 451, and after a restart nothing is lost', async () => {
    const row = await readOnlyMeanwhile(2_000);
    assertAllArrived(row);
    assert.match(row.clients, /451 4\.3\.0 \(/);
    assert.equal(row.facts['taken'], 0);
    assert.ok(
      row.doubles <= 20,
      `${row.doubles} doubles: more than there are connections to one destination`,
    );
  });

  it('the resolver fails: mail waits, nothing bounces, nothing goes without its proof', async () => {
    const row = await resolverDown('fails', 2_000);
    assertAllArrived(row);
    const { delivered, bounced, unproven } = row.facts;
    assert.deepEqual({ delivered, bounced, unproven }, { delivered: 0, bounced: 0, unproven: 0 });
  });

  peerTest(
    'the clock is set back a day: what waits goes on waiting as long as before',
    ['faketime'],
    async ({ faketime }) => {
      const row = await clockJump(faketime, 'back');
      assertAllArrived(row);
      assert.ok((row.facts['tried'] ?? 0) < 5, `${row.facts['tried']} tries at a host that is down`);
      assert.ok(
        row.log.some((line) => line.startsWith('warn: the clock was set back')),
        row.log.join('\n'),
      );
    },
  );

  it('clients are more than there are descriptors: sessions go on, the log says it, the loop is not busy', async () => {
    const row = await fewDescriptors(6_000);
    assertAllArrived(row);
    assert.ok((row.facts['taken'] ?? 0) > 100, `${row.facts['taken']} were taken meanwhile`);
    assert.ok((row.facts['percent'] ?? 100) < 70, `${row.facts['percent']} % of a core`);
    assert.ok(
      row.log.some((line) => /^warn: .*file descriptor/.test(line)),
      row.log.join('\n'),
    );
  });
});
