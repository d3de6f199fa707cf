/** What an operator writes about an override: until when, and why. */
import { type Parsed, quote } from '../names/domain.ts';
import { MAX_REASON, moment } from '../relay/control-api.ts';
import { parseDuration } from './config/values.ts';

/**
 * Reads `12h` or `7d` from `now` on, a moment of RFC 3339, or `forever`.
 *
 * @returns RFC 3339; null: it has no end.
 */
export function parseUntil(text: string, now: number): Parsed<string | null> {
  if (text === 'forever') return { kind: 'ok', value: null };
  const duration = parseDuration(text);
  if (duration.kind === 'ok') return { kind: 'ok', value: new Date(now + duration.value).toISOString() };
  if (!moment.safeParse(text).success) {
    const because = `${quote(text)} is neither a duration such as 12h or 7d (1s to 365d) nor a time as in RFC 3339, such as 2026-12-24T18:00:00Z, nor forever`;
    return { kind: 'invalid', because };
  }
  return Date.parse(text) > now
    ? { kind: 'ok', value: text }
    : { kind: 'invalid', because: `${quote(text)} is over` };
}

/**
 * Reads `2h` or `7d` before `now`, or a moment of RFC 3339.
 *
 * @returns RFC 3339.
 */
export function parseSince(text: string, now: number): Parsed<string> {
  const duration = parseDuration(text);
  if (duration.kind === 'ok') return { kind: 'ok', value: new Date(now - duration.value).toISOString() };
  return moment.safeParse(text).success
    ? { kind: 'ok', value: text }
    : {
        kind: 'invalid',
        because: `${quote(text)} is neither a duration such as 2h or 7d (1s to 365d) nor a time as in RFC 3339, such as 2026-12-24T18:00:00Z`,
      };
}

/** One line with something in it. */
export function parseReason(text: string): Parsed<string> {
  if (text.trim() === '')
    return { kind: 'invalid', because: 'it is empty; say why, for whoever wonders later' };
  if (text.length > MAX_REASON)
    return { kind: 'invalid', because: `it has ${text.length} characters, the limit is ${MAX_REASON}` };
  return /\p{Cc}/u.test(text)
    ? { kind: 'invalid', because: 'it has to be one line' }
    : { kind: 'ok', value: text };
}
