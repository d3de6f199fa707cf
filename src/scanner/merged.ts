/** Answers to several questions, put together. */
import type { Probed, Probes } from '../findings/observation.ts';

/** The answers of both; of two to the same question the later one. */
export function merged(before: Probes, answered: Probes): Probes {
  const all = { ...before, ...answered };
  return before.hello === undefined || answered.hello === undefined
    ? all
    : { ...all, hello: { ...before.hello, ...answered.hello } };
}

/** Every answer by itself, those to hellos of our own with the others. */
export function answersIn(probes: Probes): readonly Probed<unknown>[] {
  const { hello = {}, intrusive: _, ...others } = probes;
  const { weak = [], suites: __, ...hellos } = hello;
  return [...Object.values(others), ...Object.values(hellos), ...weak];
}
