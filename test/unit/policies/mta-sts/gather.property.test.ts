/** MTA-STS over random histories: mail, renewals, changing policies, hosts that fail, records that come and go. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { StsEntry } from '../../../../src/policies/mta-sts/cache.ts';
import type { StsFacts } from '../../../../src/policies/mta-sts/facts.ts';
import { stsFor } from '../../../../src/policies/mta-sts/gather.ts';
import {
  answered,
  domain,
  drive,
  failedFetch,
  noRecord,
  policyText,
  servFail,
  stsRecord,
  type TxtAnswer,
  txt,
} from './policy-host.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const t0 = Date.UTC(2026, 10, 22);
const example = domain('example.test');

/** What the domain's owner has published, and whether it can be had. */
interface Published {
  readonly id: string;
  readonly mode: 'enforce' | 'testing' | 'none';
  readonly maxAge: number;
  readonly up: boolean;
}

interface Step {
  /** True time that passes before it. */
  readonly waitMs: number;
  /** How far the clock is set back before it. */
  readonly backMs: number;
  readonly errand: 'delivery' | 'refresh';
  readonly jitter: number;
  readonly says: 'record' | 'absent' | 'invalid' | 'unknown';
  readonly published: Published;
}

/** What an onlooker with a true clock knows. */
interface Model {
  /** The last policy that was handed out, and when. */
  fetched: { readonly published: Published; readonly at: number } | undefined;
  /** The last failure for each id. */
  readonly failedAt: Map<string, number>;
  /** How far the clock has been set back, altogether. */
  back: number;
  /** Whether it has been seen to be over since. */
  seenOver: boolean;
}

const modes = fc.constantFrom<Published['mode']>('enforce', 'enforce', 'testing', 'none');
const published: fc.Arbitrary<Published> = fc.record({
  id: fc.constantFrom('a', 'b', 'c'),
  mode: modes,
  maxAge: fc.constantFrom(0, 60, 3600, 86_400, 604_800, 31_557_600),
  up: fc.boolean(),
});
const steps = (mostBackMs: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      waitMs: fc.oneof(fc.nat({ max: 10 * minute }), fc.nat({ max: 3 * day }), fc.nat({ max: 400 * day })),
      backMs: fc.oneof(fc.constant(0), fc.nat({ max: mostBackMs })),
      errand: fc.constantFrom<Step['errand']>('delivery', 'refresh'),
      jitter: fc.double({ min: 0, max: 0.999, noNaN: true }),
      says: fc.constantFrom<Step['says']>('record', 'record', 'absent', 'invalid', 'unknown'),
      published,
    }),
    { maxLength: 40 },
  );

function answerOf({ says, published: { id } }: Step): TxtAnswer {
  switch (says) {
    case 'record':
      return stsRecord(id);
    case 'absent':
      return noRecord;
    case 'invalid':
      return txt('v=STSv1; id=?');
    case 'unknown':
      return servFail;
  }
}

/** Plays a history; `check` sees each step with what the model knew before it. */
function play(
  history: readonly Step[],
  check: (facts: StsFacts, step: Step, before: Readonly<Model>, now: number, fetches: number) => void,
): void {
  let stored: StsEntry | undefined;
  let truth = t0;
  let offset = 0;
  const model: Model = { fetched: undefined, failedAt: new Map(), back: 0, seenOver: false };
  for (const step of history) {
    truth += step.waitMs;
    offset -= step.backMs;
    model.back += step.backMs;
    const { mode, maxAge, up } = step.published;
    const host = up
      ? answered(policyText({ mode, maxAge, mx: [`${step.published.id}.test`] }))
      : failedFetch('tcp');
    const terms = { now: truth + offset, jitter: step.jitter, errand: step.errand };
    const { outcome, fetches } = drive(stsFor(example, terms), example, {
      stored,
      dns: answerOf(step),
      host,
    });
    check(outcome, step, model, truth, fetches);
    // As the store has it: data that survives.
    stored = structuredClone(outcome.keep ?? stored);
    if (fetches === 1 && up) {
      Object.assign(model, {
        fetched: { published: step.published, at: truth },
        backSince: 0,
        seenOver: false,
      });
    } else if (outcome.kind !== 'policy' && outcome.known?.policy.mode !== 'none') model.seenOver = true;
    if (fetches === 1 && !up)
      model.failedAt.set(step.says === 'record' ? step.published.id : 'renewal', truth);
  }
}

const isAsked = ({ mode }: Published): boolean => mode !== 'none';

describe('with a true clock', () => {
  it('exactly the policy that was fetched last holds, for max_age from that fetch, whatever the DNS says', () => {
    fc.assert(
      fc.property(steps(0), (history) => {
        play(history, (facts, step, { fetched }, now, fetches) => {
          const isNew = fetches === 1 && step.published.up;
          const newest = isNew ? { published: step.published, at: now } : fetched;
          const holds = newest !== undefined && (isNew || now < newest.at + newest.published.maxAge * 1000);
          if (holds && isAsked(newest.published)) {
            assert.ok(facts.kind === 'policy');
            assert.equal(facts.known.policy.mode, newest.published.mode);
            assert.equal(facts.known.policy.mx[0]?.domain, `${newest.published.id}.test`);
          } else if (holds) assert.equal(facts.kind, 'none');
          else assert.equal(facts.kind, step.says === 'unknown' ? 'unknown' : 'none');
        });
      }),
      { numRuns: 400 },
    );
  });

  it('a host that fails is not asked again within five minutes for the same id', () => {
    fc.assert(
      fc.property(steps(0), (history) => {
        let last: { readonly id: string; readonly at: number } | undefined;
        play(history, (facts, step, _before, now, fetches) => {
          if (fetches === 0) return;
          const id = step.says === 'record' ? step.published.id : (facts.known?.id ?? '');
          if (last?.id === id) assert.ok(now - last.at >= 5 * minute);
          last = step.published.up ? undefined : { id, at: now };
        });
      }),
      { numRuns: 400 },
    );
  });

  it('facts are used no longer than the policy holds that they tell', () => {
    fc.assert(
      fc.property(steps(0), (history) => {
        play(history, (facts, _step, _before, now) => {
          assert.ok(facts.until >= now && facts.until <= now + day);
          if (facts.kind === 'policy') assert.ok(facts.until <= Math.max(now, facts.known.expiresAt));
        });
      }),
    );
  });
});

describe('S22: with a clock that is set back now and then', () => {
  it('no policy ends before its time, outlives it by more than the clock was set back, or comes to life again', () => {
    fc.assert(
      fc.property(steps(300 * day), (history) => {
        play(history, (facts, step, { fetched, back, seenOver }, now, fetches) => {
          if (fetches === 1 && step.published.up) return;
          if (fetched === undefined || !isAsked(fetched.published)) return;
          const age = now - fetched.at;
          const life = fetched.published.maxAge * 1000;
          if (age < life && !seenOver) assert.equal(facts.kind, 'policy');
          if (seenOver) assert.notEqual(facts.kind, 'policy');
          if (facts.kind === 'policy') assert.ok(age < life + back + 1);
        });
      }),
      { numRuns: 400 },
    );
  });
});
