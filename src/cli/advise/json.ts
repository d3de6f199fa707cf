/** An advice as `waxwing advise --json` prints it. */
import type { AdviceReport } from '../../events/advice.ts';
import type { Advice, AdviceStep } from '../../findings/advice/advice.ts';
import type { Remedy } from '../../findings/check.ts';

export function toAdviceReport({ domain, at, nothing, standing, steps, next }: Advice): AdviceReport {
  return {
    schema: 'waxwing.advise/1',
    domain,
    at: new Date(at).toISOString(),
    nothing,
    standing: standing.map(({ what, state, says }) => ({ what, state, says })),
    steps: steps.map(toStep),
    next,
  };
}

function toStep({
  id,
  title,
  state,
  because,
  why,
  do: remedies,
  wait,
}: AdviceStep): AdviceReport['steps'][number] {
  return {
    id,
    title,
    state,
    because,
    why,
    do: remedies.map(toRemedy),
    wait: wait === null ? null : { hours: wait.hours, because: wait.because },
  };
}

function toRemedy({
  who,
  do: order,
  lines = [],
  verify,
}: Remedy): AdviceReport['steps'][number]['do'][number] {
  return { who, do: order, lines: lines.map((line) => ({ ...line })), verify: verify ?? null };
}
