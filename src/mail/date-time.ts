/** Dates as mail writes them. RFC 5322 §3.3. */
import { civilDate } from '../names/calendar.ts';

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
