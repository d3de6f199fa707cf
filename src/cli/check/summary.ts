/** How far a run of many targets is, and what it came to, in words. */
import type { Totals } from './totals.ts';

/** 1 h 2 min, 3 min 20 s, 12 s. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (hours >= 48) return `${Math.floor(hours / 24)} days ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** 12,345 */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:[0-9]{3})+$)/g, ',');
}

/** `protected 12, encrypted 7`: most first. */
export function formatVerdicts({ verdicts }: Pick<Totals, 'verdicts'>): string {
  return Object.entries(verdicts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${formatCount(count)}`)
    .join(', ');
}

export interface Course {
  /** Of this run, and of those that it goes on with. */
  readonly totals: Totals;
  /** In this run. */
  readonly finished: number;
  readonly ms: number;
  /** Targets that came more than once. */
  readonly repeated: number;
}

/** What a list came to, for the end of it; a sentence a line. */
export function summaryOf({ totals, finished, ms, repeated }: Course): readonly string[] {
  const { tested, wrong, connections } = totals;
  const rate = ms > 0 ? formatRate((finished * 1_000) / ms) : '0';
  const verdicts = formatVerdicts(totals);
  const earlier = tested > finished ? `, ${formatCount(finished)} of them now` : '';
  return [
    `${formatCount(tested)} ${tested === 1 ? 'target' : 'targets'} tested${earlier}, in ${formatDuration(ms)} (${rate}/s), with ${formatCount(connections)} ${connections === 1 ? 'connection' : 'connections'}`,
    ...(verdicts === '' ? [] : [`verdicts: ${verdicts}`]),
    ...(wrong === 0 ? [] : [`${formatCount(wrong)} ${wrong === 1 ? 'line is' : 'lines are'} no target`]),
    ...(repeated === 0
      ? []
      : [
          `${formatCount(repeated)} ${repeated === 1 ? 'target stands' : 'targets stand'} in the list for a second time: each has its own result, and what was seen is shared`,
        ]),
  ];
}

/** 812, 8.1, 0.33 */
export function formatRate(perSecond: number): string {
  if (perSecond >= 100) return formatCount(Math.round(perSecond));
  return perSecond >= 10 ? perSecond.toFixed(0) : perSecond.toPrecision(2);
}
