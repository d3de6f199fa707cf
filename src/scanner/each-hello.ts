/** What was answered to hellos of our own, changed alike for all of them. */
import type { HelloProbes, HelloSeen } from '../findings/hello-seen.ts';
import type { Probed } from '../findings/observation.ts';

/** Those that have one answer each, and nothing beside it. */
const single = [
  'retry',
  'weakFirst',
  'weakNamed',
  'bestFirst',
  'old',
  'older',
  'ssl3',
  'ssl2',
  'anonymous',
  'prime',
  'weakCurves',
  'sha1',
] as const satisfies readonly (keyof HelloProbes)[];

/** In the order in which they stand here; the list of all suites stays as it is. */
export function eachHello(
  hello: HelloProbes,
  change: <Probe extends Probed<HelloSeen>>(probe: Probe) => Probe,
): HelloProbes {
  const all = single.reduce<HelloProbes>((some, name) => {
    const probe = hello[name];
    return probe === undefined ? some : { ...some, [name]: change(probe) };
  }, hello);
  const { weak, fallback, large } = hello;
  return {
    ...all,
    ...(weak === undefined ? {} : { weak: weak.map((probe) => change(probe)) }),
    ...(fallback === undefined ? {} : { fallback: change(fallback) }),
    ...(large === undefined ? {} : { large: change(large) }),
  };
}
