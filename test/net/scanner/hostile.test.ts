/** Servers that are slow, endless, lying or gone: a check of them ends in time, in little memory, and says what it saw. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionBudget } from '../../../src/findings/endpoint.ts';
import { outcomeOf, readExpected } from '../../zoo/expected.ts';
import { endingCases } from '../../zoo/hostile/ends.ts';
import { hostileCases } from '../../zoo/hostile.ts';
import type { HostileCase } from '../../zoo/hostile-case.ts';
import { visitHostile } from '../../zoo/visit.ts';

const expected = readExpected('hostile');
/** Beside what connections may take: the handshakes of the check itself on a busy host. */
const SLACK_MS = 5_000;
const MOST_OCTETS = 64 * 2 ** 20;
/** What is kept of one endpoint, certificates included. */
const LARGEST_OBSERVATION = 400_000;

/** Those that have us wait, several at a time: their waits are what this takes, and none is about how fast they are. */
const waiting = hostileCases.filter(({ name, timeoutMs }) => timeoutMs !== 4_000 || name === 'late-greeting');
const AT_ONCE = 4;

describe('a hostile server that lets us wait', { concurrency: AT_ONCE }, () => {
  for (const one of waiting) it(`${one.name}, ${one.protocol}: ${one.shows}`, () => visited(one));
});

describe('a hostile server', () => {
  for (const one of hostileCases.filter((other) => !waiting.includes(other)))
    it(`${one.name}, ${one.protocol}: ${one.shows}`, () => visited(one));

  it('has no row that nobody visits', () => {
    assert.deepEqual(
      Object.keys(expected),
      hostileCases.map(({ name }) => name),
    );
  });
});

/** Visits it and compares; of several at once the memory is that of all of them. */
async function visited(one: HostileCase): Promise<void> {
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
}

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
