import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { types } from '../../../../src/dns/record.ts';
import type { Wishes } from '../../../../src/net/dns/query.ts';
import { Race, type Raced } from '../../../../src/net/dns/race.ts';
import { trusting, validating } from '../../../../src/net/dns/self-test.ts';
import { a, name, question, record, soa } from '../../../support/dns/server.ts';
import { manualDeadlines } from '../../../support/manual-deadlines.ts';
import { type FakeClient, fakeClient, type Said } from './clients.ts';

const FAR = question('far.test', types.A);
const RIGHT: Said = { answers: [a('far.test', '192.0.2.1')] };

interface Setting {
  readonly clients: readonly [FakeClient, FakeClient, FakeClient];
  readonly start: (count?: 1 | 2 | 3) => void;
  readonly later: (ms: number) => void;
  readonly ended: Raced[];
}

function setting(wishes: Wishes = validating): Setting {
  let now = 0;
  const clock = (): number => now;
  const deadlines = manualDeadlines();
  const clients = [fakeClient('one', clock), fakeClient('two', clock), fakeClient('three', clock)] as const;
  const ended: Raced[] = [];
  return {
    clients,
    ended,
    start(count = 2) {
      const parts = {
        clients: clients.slice(0, count),
        wishes: () => wishes,
        deadlines,
        now: clock,
        timeoutMs: 6_000,
      };
      void new Race(parts, FAR, (raced) => ended.push(raced));
    },
    later(ms) {
      now += ms;
      deadlines.later(ms);
    },
  };
}

const asked = ({ clients }: Setting): string =>
  clients.flatMap(({ name: text, put }) => put.map(() => text)).join(' ');
const from = ({ ended }: Setting): string => {
  const [end] = ended;
  if (end === undefined) return 'under way';
  return end.kind === 'message' ? `${end.from} ${end.message.rcode}` : end.because;
};

describe('several resolvers', () => {
  it('are asked in their order: the second not at all where the first answers', () => {
    const at = setting();
    at.start();
    at.clients[0].put[0]?.answer(RIGHT);
    at.later(10_000);
    assert.equal(from(at), 'one (UDP) 0');
    assert.equal(asked(at), 'one');
    assert.equal(at.ended.length, 1);
  });

  it('the next one is asked at once where one fails', () => {
    const at = setting();
    at.start(3);
    at.clients[0].put[0]?.fail('is not there');
    at.clients[1].put[0]?.fail('is not there either');
    at.clients[2].put[0]?.answer(RIGHT);
    assert.equal(from(at), 'three (UDP) 0');
  });

  it('and in addition where one takes twice its patience; whoever answers first counts', () => {
    const at = setting();
    at.start();
    at.later(1_599);
    assert.equal(asked(at), 'one');
    at.later(1);
    assert.equal(asked(at), 'one two');
    at.clients[0].put[0]?.answer(RIGHT);
    assert.equal(from(at), 'one (UDP) 0');
    assert.equal(at.clients[1].put[0]?.dropped, true);
    at.clients[1].put[0]?.answer(RIGHT);
    assert.equal(at.ended.length, 1);
  });

  it('have six seconds together, and each is named with why', () => {
    const at = setting();
    at.start();
    at.later(2_000);
    at.clients[1].put[0]?.fail('cannot be reached: refused (UDP)');
    assert.equal(from(at), 'under way');
    at.later(4_000);
    assert.equal(
      from(at),
      'two cannot be reached: refused (UDP), and one did not answer within 2 s (UDP, 3 tries)',
    );
    assert.equal(at.clients[0].put[0]?.dropped, true);
  });

  it('where all have failed there is nothing to wait for', () => {
    const at = setting();
    at.start();
    at.clients[0].put[0]?.fail('fails');
    at.clients[1].put[0]?.fail('fails too');
    assert.equal(from(at), 'one fails, and two fails too');
  });
});

describe('an answer that says only that there is none', () => {
  it('lets the others be asked, and counts where nobody has a better one', () => {
    for (const rcode of [1, 2, 4, 5]) {
      const better = setting();
      better.start();
      better.clients[0].put[0]?.answer({ rcode });
      better.clients[1].put[0]?.answer(RIGHT);
      assert.equal(from(better), 'two (UDP) 0');
      const worse = setting();
      worse.start();
      worse.clients[0].put[0]?.answer({ rcode });
      worse.clients[1].put[0]?.fail('fails');
      assert.equal(from(worse), `one (UDP) ${rcode}`);
    }
  });

  it('counts also where the other one takes too long', () => {
    const at = setting();
    at.start();
    at.clients[0].put[0]?.answer({ rcode: 2 });
    at.later(6_000);
    assert.equal(from(at), 'one (UDP) 2');
  });

  it('NXDOMAIN is an answer', () => {
    const at = setting();
    at.start();
    at.clients[0].put[0]?.answer({ rcode: 3 });
    assert.equal(from(at), 'one (UDP) 3');
  });

  it('a server that only names other servers has none', () => {
    const authority = [record('test', types.NS, Buffer.from(name('ns.test'), 'latin1'))];
    const at = setting();
    at.start();
    at.clients[0].put[0]?.answer({ authority });
    at.clients[1].put[0]?.answer({ authority: [...authority, soa('test')] });
    assert.equal(from(at), 'two (UDP) 0');
  });

  it('for reasons of DNSSEC is the last word of a resolver that validates for us: another may not validate', () => {
    const said = { rcode: 2, errors: [{ code: 7, text: '' }] };
    const believed = setting(trusting);
    believed.start();
    believed.clients[0].put[0]?.answer(said);
    assert.equal(from(believed), 'one (UDP) 2');
    const here = setting(validating);
    here.start();
    here.clients[0].put[0]?.answer(said);
    here.clients[1].put[0]?.answer(RIGHT);
    assert.equal(from(here), 'two (UDP) 0', 'where we validate ourselves the other one is heard');
  });
});

describe('a resolver that did not answer', () => {
  it('is asked after the others for a while, then by one question for all', () => {
    const at = setting();
    at.start();
    at.clients[0].put[0]?.fail('fails');
    at.clients[1].put[0]?.answer(RIGHT);
    at.start();
    assert.equal(asked(at), 'one two two');
    at.clients[1].put[1]?.answer(RIGHT);
    at.later(2_001);
    at.start();
    at.start();
    assert.equal(asked(at), 'one one two two two', 'only the first of both');
    at.clients[0].put[1]?.answer(RIGHT);
    at.start();
    assert.equal(at.clients[0].put.length, 3);
  });
});
