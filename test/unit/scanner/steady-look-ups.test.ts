import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../src/dns/answer.ts';
import { nameOf, showName } from '../../../src/dns/name.ts';
import { type Question, types } from '../../../src/dns/record.ts';
import { steadily } from '../../../src/scanner/steady-look-ups.ts';
import { nameOf as domainOf } from '../../support/destinations.ts';
import { answerFrom } from '../../support/scripted-zone.ts';

const questionOf = (domain: string): Question => ({ name: nameOf(domainOf(domain)), type: types.MX });

/** A resolver that is down for domains of which `isDown` says so, and a clock of so many sleeps. */
function scene(isDown: (domain: string, slept: number) => boolean) {
  let slept = 0;
  const notices: string[] = [];
  const resolve = (question: Question): Promise<Answer> => {
    const name = showName(question.name);
    const zone = { [`${name} MX`]: isDown(name, slept) ? ('unknown' as const) : ['10 mx.test.'] };
    return Promise.resolve(answerFrom(zone)(question));
  };
  const look = steadily({
    resolve,
    resolveAnew: resolve,
    sleep: () => {
      slept += 1;
      return Promise.resolve();
    },
    onNotice: (text) => notices.push(text),
  });
  return {
    notices,
    slept: () => slept,
    ask: async (domain: string): Promise<string> => (await look(questionOf(domain))).kind,
  };
}

const domains = (count: number, label = 'd'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${label}${index}.test`);

async function inTurn(names: readonly string[], ask: (domain: string) => Promise<string>): Promise<string[]> {
  const kinds: string[] = [];
  for (const name of names) kinds.push(await ask(name));
  return kinds;
}

describe('look-ups of a list while the resolver is down', () => {
  it('wait for it, and are asked again', async () => {
    const { ask, notices, slept } = scene((_domain, times) => times < 3);
    const kinds = await inTurn(domains(30), ask);
    assert.deepEqual(kinds, [...Array(19).fill('unknown'), ...Array(11).fill('found')]);
    assert.equal(slept(), 3);
    assert.match(
      notices.join('\n'),
      /^look-ups of 20 domains in a row had no answer.*\nthere are answers again/,
    );
  });

  it('wait at the same time, for the same', async () => {
    const { ask, slept } = scene((_domain, times) => times < 1);
    const kinds = await Promise.all(domains(500).map(ask));
    assert.equal(kinds.filter((kind) => kind === 'unknown').length, 19);
    assert.equal(slept(), 1);
  });

  it('wait no longer than that, and not again for a list of dead domains', async () => {
    const { ask, notices, slept } = scene((domain) => !domain.startsWith('good'));
    const mixed = domains(2_000).flatMap((name, index) =>
      index % 40 === 0 ? [name, `good${name}`] : [name],
    );
    await inTurn(mixed, ask);
    assert.equal(slept(), 5);
    assert.equal(notices.length, 2);
  });

  it('do not wait where others are answered, or it is one domain', async () => {
    const { ask, slept } = scene((domain) => !domain.startsWith('good'));
    await inTurn(
      domains(300).flatMap((name) => [name, `good${name}`]),
      ask,
    );
    await inTurn(
      Array.from({ length: 100 }, (_, index) => `host${index}.example.co.uk`),
      ask,
    );
    assert.equal(slept(), 0);
  });

  it('an answer that may be one that is kept is no sign that there is a resolver', async () => {
    const { ask, slept } = scene((domain, times) => times < 1 && !domain.startsWith('good'));
    await ask('good.test');
    await inTurn(
      domains(30).flatMap((name) => [name, 'good.test']),
      ask,
    );
    assert.equal(slept(), 1);
  });
});
