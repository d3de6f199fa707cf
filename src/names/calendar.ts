/** The Gregorian calendar, for rooms that know no clock: a moment comes in as a number and is only spelt. */

export interface CivilDate {
  readonly year: number;
  /** Counts from 0. */
  readonly month: number;
  readonly day: number;
}

/** Of 400 years, after which the calendar repeats itself. */
const DAYS_OF_CYCLE = 146_097;
/** From the first of March of the year 0 to the first of January 1970. */
const DAYS_BEFORE_1970 = 719_468;

/** The date that many days after 1970-01-01. */
export function civilDate(days: number): CivilDate {
  // Years that begin in March have the leap day at their end.
  const sinceMarch0000 = days + DAYS_BEFORE_1970;
  const cycle = Math.floor(sinceMarch0000 / DAYS_OF_CYCLE);
  const dayOfCycle = sinceMarch0000 - cycle * DAYS_OF_CYCLE;
  const yearOfCycle = Math.floor(
    (dayOfCycle -
      Math.floor(dayOfCycle / 1460) +
      Math.floor(dayOfCycle / 36_524) -
      Math.floor(dayOfCycle / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = (monthFromMarch + 2) % 12;
  return {
    year: yearOfCycle + cycle * 400 + (month < 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

/** How many days after 1970-01-01 a date is. */
function daysUntil({ year, month, day }: CivilDate): number {
  const fromMarch = month < 2 ? year - 1 : year;
  const cycle = Math.floor(fromMarch / 400);
  const yearOfCycle = fromMarch - cycle * 400;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  const dayOfCycle =
    365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100) + dayOfYear;
  return cycle * DAYS_OF_CYCLE + dayOfCycle - DAYS_BEFORE_1970;
}

/** A moment as RFC 3339 §5.6 writes it, in UTC: `2026-12-01T00:00:00Z`. @param seconds since 1970, whole. */
export function formatMoment(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const { year, month, day } = civilDate(days);
  const clock = [3600, 60, 1].map((unit) => pad(Math.floor((seconds - days * 86_400) / unit) % 60));
  return `${String(year).padStart(4, '0')}-${pad(month + 1)}-${pad(day)}T${clock.join(':')}Z`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

const MOMENT =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))$/;

/**
 * Reads a moment as RFC 3339 §5.6 writes it, with its offset; what is finer than a millisecond is dropped.
 *
 * @returns milliseconds since 1970; undefined for what is none. A leap second is none: no clock of ours shows it.
 */
export function parseMoment(text: string): number | undefined {
  const match = MOMENT.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const [, , , , , , , fraction = '', sign = '+', hours = '0', minutes = '0'] = match;
  if (hour > 23 || minute > 59 || second > 59 || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const days = daysUntil({ year, month: month - 1, day });
  const civil = civilDate(days);
  // The 30th of February comes out as the 2nd of March.
  if (civil.year !== year || civil.month !== month - 1 || civil.day !== day) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms - offset;
}
