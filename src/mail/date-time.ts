/** Dates as mail writes them. RFC 5322 §3.3. */

const DAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const MS_PER_DAY = 86_400_000;

/**
 * Formats a moment in UTC, e.g. `Sun, 22 Nov 2026 02:54:08 +0000`.
 *
 * @param at milliseconds since 1970-01-01T00:00:00Z, from 1970 up to the year 9999.
 */
export function formatDateTime(at: number): string {
  const days = Math.floor(at / MS_PER_DAY);
  const seconds = Math.floor((at - days * MS_PER_DAY) / 1000);
  const { year, month, day } = civilDate(days);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const time = clock.map((part) => String(part).padStart(2, '0')).join(':');
  return `${DAYS[days % 7]}, ${day} ${MONTHS[month]} ${year} ${time} +0000`;
}

/** The Gregorian date that many days after 1970-01-01; `month` counts from 0. */
function civilDate(days: number): { year: number; month: number; day: number } {
  // Years that begin in March have the leap day at their end; 400 of them are one full cycle of 146097 days.
  const sinceMarch0000 = days + 719_468;
  const cycle = Math.floor(sinceMarch0000 / 146_097);
  const dayOfCycle = sinceMarch0000 - cycle * 146_097;
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
