import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Asked } from '../../../../src/dns/look-ups.ts';
import { type Question, types } from '../../../../src/dns/record.ts';
import { Asker } from '../../../../src/net/dns/asker.ts';
import { validating } from '../../../../src/net/dns/self-test.ts';
import { a, question, soa } from '../../../support/dns/server.ts';
import { manualDeadlines } from '../../../support/manual-deadlines.ts';
import { type FakeClient, fakeClient, type Said } from './clients.ts';

const FAR = question('far.test', types.A);
const RIGHT: Said = { answers: [a('far.test', '192.0.2.1', 300)] };

interface Setting {
  readonly asker: Asker;
  readonly client: FakeClient;
  readonly noted: Question[];
  /** @returns what is known at once. */
  readonly ask: (asked?: Question) => Asked | undefined;
  readonly told: (Asked | Error)[];
  clock: number;
}

function setting(keeps = true): Setting {
  const client = fakeClient('one');
  const noted: Question[] = [];
  const told: (Asked | Error)[] = [];
  const made: Setting = {
    client,
    noted,
    told,
    clock: 1_000_000,
    ask: (asked = FAR) =>
      made.asker.ask(
        asked,
        (answer) => told.push(answer),
        (error) => told.push(error),
      ),
    asker: new Asker({
      clients: () => [client],
      wishes: () => validating,
      deadlines: manualDeadlines(),
      now: () => 0,
      clock: () => made.clock,
      timeoutMs: 1_000,
      keeps,
      onMessage: (asked) => noted.push(asked),
    }),
  };
  return made;
}

const ttl = (asked: Asked | undefined): number | undefined =>
  asked?.kind === 'message' ? asked.message.answers[0]?.ttl : undefined;

describe('a message', () => {
  it('that was dropped is asked for again, and no other', () => {
    const at = setting();
    at.ask();
    at.client.put[0]?.answer(RIGHT);
    at.asker.drop(question('other.test', types.A));
    assert.notEqual(at.ask(), undefined);
    at.asker.drop(FAR);
    assert.equal(at.ask(), undefined);
    assert.equal(at.client.put.length, 2);
  });

  it('is kept as long as its records live, and grows older meanwhile', () => {
    const at = setting();
    assert.equal(at.ask(), undefined);
    at.client.put[0]?.answer(RIGHT);
    assert.equal(at.told.length, 1);
    assert.equal(ttl(at.ask()), 300);
    at.clock += 100_999;
    assert.equal(ttl(at.ask()), 200);
    at.clock = 1_000_000 + 299_999;
    assert.equal(ttl(at.ask()), 1);
    at.clock += 1;
    assert.equal(at.ask(), undefined);
    assert.equal(at.client.put.length, 2);
  });

  it('that says no is kept by its SOA, and without one not at all', () => {
    const at = setting();
    at.ask();
    at.client.put[0]?.answer({ rcode: 3, authority: [soa('test', 10)] });
    at.clock += 9_999;
    assert.equal(at.ask()?.kind, 'message');
    at.clock += 1;
    at.ask();
    at.client.put[1]?.answer({ rcode: 3 });
    assert.equal(at.ask(), undefined);
  });

  it('is told of once, before those who wait', () => {
    const at = setting();
    at.ask();
    at.ask();
    at.client.put[0]?.answer(RIGHT);
    at.ask();
    assert.deepEqual(at.noted, [FAR]);
  });

  it('is not kept where nobody needs it twice', () => {
    const at = setting(false);
    at.ask();
    at.client.put[0]?.answer(RIGHT);
    assert.equal(at.ask(), undefined);
  });

  it('is kept by itself, not with all that came with it', () => {
    const at = setting();
    at.ask();
    at.client.put[0]?.answer(RIGHT);
    for (const whole of at.client.brought) whole.fill(0);
    assert.equal(ttl(at.ask()), 300);
  });

  it('is forgotten when it is wished', () => {
    const at = setting();
    at.ask();
    at.client.put[0]?.answer(RIGHT);
    at.asker.forget();
    assert.equal(at.ask(), undefined);
  });
});

describe('a question', () => {
  it('that is under way is not asked twice; another type or name is another one', () => {
    const at = setting();
    at.ask();
    at.ask();
    at.ask({ ...FAR, type: types.AAAA });
    at.ask(question('other.test', types.A));
    assert.equal(at.client.put.length, 3);
    at.client.put[0]?.answer(RIGHT);
    assert.equal(at.told.length, 2);
    assert.equal(at.told[0], at.told[1]);
  });

  it('RFC 9520 §3.2: that failed is not asked again for five seconds', () => {
    const at = setting();
    at.ask();
    at.client.put[0]?.fail('is not there');
    const asked = at.ask();
    assert.equal(asked?.kind === 'failed' && asked.because, 'one is not there');
    at.clock += 5_000;
    assert.equal(at.ask(), undefined);
  });
});

describe('the end', () => {
  it('is told to all who wait, and to whoever asks after it', () => {
    const at = setting();
    at.ask();
    at.ask();
    at.ask(question('other.test', types.A));
    const error = new Error('closed');
    at.asker.close(error);
    assert.deepEqual(at.told, [error, error, error]);
    assert.ok(at.client.put.every(({ dropped }) => dropped));
    assert.throws(() => at.ask(), error);
  });
});
