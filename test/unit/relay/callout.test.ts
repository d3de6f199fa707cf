import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../src/names/domain.ts';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { type CalloutAnswer, CONNECTIONS_PER_BACKEND, startCallouts } from '../../../src/relay/callout.ts';
import type { LocalDomain } from '../../../src/relay/domains.ts';

const MINUTE = 60_000;
const name = parseDomain('asked.test');
const domain: LocalDomain = {
  name: name.kind === 'ok' ? name.value : assert.fail(),
  backend: { protocol: 'smtp', host: { kind: 'ip', address: '127.0.0.1' }, port: 25 },
  tls: null,
  requireTls: null,
  names: [],
  aliases: [],
  recipients: { kind: 'callout' },
};

function mailbox(local: string) {
  const parsed = parseMailbox(`${local}@asked.test`);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const known: CalloutAnswer = { kind: 'known' };
const unknown: CalloutAnswer = { kind: 'unknown' };
const away: CalloutAnswer = { kind: 'undecided', because: 'nobody is there' };

/** Callouts to a backend that the test plays, with a clock that it moves. */
function callouts(answer: (local: string) => CalloutAnswer | Promise<CalloutAnswer>) {
  const asked: string[] = [];
  let time = 0;
  const backend = startCallouts(
    (_, { local }) => {
      asked.push(local);
      return Promise.resolve(answer(local));
    },
    () => time,
  );
  return {
    asked,
    later: (minutes: number) => {
      time += minutes * MINUTE;
    },
    ask: async (local: string) => (await backend.ask(domain, mailbox(local))).kind,
  };
}

describe('what the backend said', () => {
  it('that there is a mailbox: holds for an hour', async () => {
    const { ask, asked, later } = callouts(() => known);
    assert.equal(await ask('anna'), 'known');
    later(59);
    assert.equal(await ask('anna'), 'known');
    assert.equal(asked.length, 1);
    later(1);
    await ask('anna');
    assert.equal(asked.length, 2);
  });

  it('that there is none: holds for 5 minutes', async () => {
    const { ask, asked, later } = callouts(() => unknown);
    assert.equal(await ask('eve'), 'unknown');
    later(4);
    assert.equal(await ask('eve'), 'unknown');
    assert.equal(asked.length, 1);
    later(1);
    await ask('eve');
    assert.equal(asked.length, 2);
  });

  it('does not hold longer where the clock is set back', async () => {
    const { ask, asked, later } = callouts(() => unknown);
    assert.equal(await ask('eve'), 'unknown');
    later(-24 * 60);
    assert.equal(await ask('eve'), 'unknown');
    assert.equal(asked.length, 2);
  });

  it('for one mailbox says nothing of another, nor of another spelling', async () => {
    const { ask, asked } = callouts((local) => (local === 'anna' ? known : unknown));
    assert.deepEqual(
      [await ask('anna'), await ask('eve'), await ask('Anna')],
      ['known', 'unknown', 'unknown'],
    );
    assert.equal(asked.length, 3);
  });

  it('nothing: is not remembered', async () => {
    let answer: CalloutAnswer = away;
    const { ask } = callouts(() => answer);
    assert.equal(await ask('anna'), 'undecided');
    answer = known;
    assert.equal(await ask('anna'), 'known');
  });

  it('nothing, after a yes within a day: the yes stands', async () => {
    let answer: CalloutAnswer = known;
    const { ask, asked, later } = callouts(() => answer);
    await ask('anna');
    answer = away;
    later(61);
    assert.equal(await ask('anna'), 'known');
    assert.equal(asked.length, 2);
    later(23 * 60);
    assert.equal(await ask('anna'), 'undecided');
  });

  it('no, after a yes: the yes does not come back when the backend is away', async () => {
    let answer: CalloutAnswer = known;
    const { ask, later } = callouts(() => answer);
    await ask('anna');
    later(61);
    answer = unknown;
    assert.equal(await ask('anna'), 'unknown');
    answer = away;
    later(6);
    assert.equal(await ask('anna'), 'undecided');
  });

  it('survives any number of names that somebody tries out', async () => {
    const { ask, asked } = callouts((local) => (local === 'anna' ? known : unknown));
    await ask('anna');
    for (let guess = 0; guess < 10_001; guess++) await ask(`guess${guess}`);
    const before = asked.length;
    await ask('anna');
    assert.equal(asked.length, before);
    // While the oldest of those is forgotten: what is remembered is bounded.
    await ask('guess0');
    assert.equal(asked.length, before + 1);
  });
});

describe('questions at the same time', () => {
  it('that are equal are asked once', async () => {
    const { ask, asked } = callouts(() => new Promise((resolve) => setImmediate(resolve, known)));
    assert.deepEqual(await Promise.all([ask('anna'), ask('anna'), ask('anna')]), ['known', 'known', 'known']);
    assert.deepEqual(asked, ['anna']);
  });

  it('wait for a connection; where too many wait there is no answer', async () => {
    const { promise, resolve } = Promise.withResolvers<CalloutAnswer>();
    const { ask, asked } = callouts(() => promise);
    const answers = Array.from({ length: CONNECTIONS_PER_BACKEND + 101 }, (_, index) => ask(`user${index}`));
    await new Promise(setImmediate);
    assert.equal(asked.length, CONNECTIONS_PER_BACKEND);
    resolve(known);
    const kinds = await Promise.all(answers);
    assert.deepEqual(
      kinds.filter((kind) => kind !== 'known'),
      ['undecided'],
    );
  });
});
