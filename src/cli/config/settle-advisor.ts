/** Settles where the advisor listens. */
import type { AdvisorSettings } from '../../advisor/settings.ts';
import type { Sources } from './sources.ts';

/** Paths become absolute. */
export function toAdvisor(
  {
    connections,
    answers,
    listener,
  }: {
    readonly connections: number;
    readonly answers: number;
    readonly listener: AdvisorSettings['listeners'];
  },
  sources: Pick<Sources, 'absolute'>,
): AdvisorSettings {
  const listeners = listener.map((one, index) => {
    if (one.place.kind === 'address') return one;
    const path = sources.absolute(`advisor.listener[${index}].socket`, one.place.path);
    return { ...one, place: { ...one.place, path } };
  });
  return { connections, answers, listeners };
}

/** Files, by path. */
export function settledInAdvisor({ listeners }: AdvisorSettings): readonly (readonly [string, string])[] {
  return listeners.flatMap(({ place }, index) =>
    place.kind === 'file' ? [[`advisor.listener[${index}].socket`, place.path] as const] : [],
  );
}
