/** Servers that are slow, endless, lying or gone: a check of them ends in time, in little memory, and says what it saw. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionBudget } from '../../../src/findings/endpoint.ts';
import { outcomeOf, readExpected } from '../../zoo/expected.ts';
import { endingCases } from '../../zoo/hostile/ends.ts';
import { hostileCases } from '../../zoo/hostile.ts';
import { visitHostile } from '../../zoo/visit.ts';

const expected = readExpected('hostile');
/** Beside what connections may take: the handshakes of the check itself on a busy host. */
const SLACK_MS = 5_000;
const MOST_OCTETS = 64 * 2 ** 20;
/** What is kept of one endpoint, certificates included. */
const LARGEST_OBSERVATION = 400_000;

describe('a hostile server', () => {
  for (const one of hostileCases) {
    it(`${one.name}, ${one.protocol}: ${one.shows}`, async () => {
      const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
      const began = performance.now();
      const { recording, judged, connections } = await visitHostile(one);
      const ms = performance.now() - began;
      const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before;

      const most = connectionBudget[one.depth];
      assert.ok(connections <= most * one.doors.length, `${connections} connections`);
      assert.ok(ms < one.timeoutMs * most + SLACK_MS, `it took ${ms} ms`);
      assert.ok(grown < MOST_OCTETS, `${grown} octets of memory`);
      for (const { base } of recording.observations)
        assert.ok(JSON.stringify(base).length < LARGEST_OBSERVATION, 'too much is kept');
      assert.deepEqual(outcomeOf('hostile', judged.findings), expected[one.name]);
    });
  }

  it('has no row that nobody visits', () => {
    assert.deepEqual(
      Object.keys(expected),
      hostileCases.map(({ name }) => name),
    );
  });
});

describe('what could not be tested', () => {
  /** They were tested, as far as that goes: no connection is an answer. */
  const answered = new Set(['refused', 'resets', 'silent-inside', 'throttled-later']);

  for (const { name } of endingCases.filter((one) => !answered.has(one.name))) {
    it(`${name}: is never said to be without STARTTLS, and a reason stands in its place`, () => {
      const { finds = [] } = expected[name] ?? {};
      assert.ok(
        finds.some((line) => / not-tested (?:high|critical)$/.test(line)),
        finds.join(', '),
      );
      assert.deepEqual(
        finds.filter((line) => /^(?:starttls|tls|cert)\..* (?:fail|warn|absent) /.test(line)),
        [],
      );
    });
  }
});
