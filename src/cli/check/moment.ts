/** A moment as `--fail-at` takes it: a date, or a date with a time, of RFC 3339 §5.6. */
import { type Parsed, quote } from '../../names/domain.ts';

const FORM =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/;

/** @returns milliseconds since 1970; of a date alone its first moment in UTC. */
export function parseMoment(text: string): Parsed<number> {
  const parts = FORM.exec(text);
  if (parts === null) {
    return invalid(`${quote(text)} is no date as RFC 3339 writes it: 2027-01-31, or 2027-01-31T12:00:00Z`);
  }
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = parts;
  // Date.parse takes the 31st of February for a day in March.
  const moment = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const isReal =
    !Number.isNaN(moment.getTime()) &&
    moment.toISOString().startsWith(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
  if (!isReal) return invalid(`${quote(text)} is no day of the calendar, or no time of a day`);
  return { kind: 'ok', value: moment.getTime() - offsetMs(parts[7]) };
}

/** How far the clock of the text is ahead of UTC. */
function offsetMs(zone: string | undefined): number {
  if (zone === undefined || /^z$/i.test(zone)) return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
