/**
 * What a submission server completes in a message that a mail program hands in.
 *
 * RFC 6409 §8.2 (Date), §8.3 (Message-ID).
 */
import { formatDateTime } from './date-time.ts';
import { formatField } from './field.ts';
import { fieldsNamed, type HeaderSection } from './headers.ts';

export interface Completion {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly at: number;
  /** The left side of a new Message-ID, unique for ever; letters, digits and dots. */
  readonly token: string;
  /** Its right side: our own domain. */
  readonly domain: string;
}

/**
 * The fields that the message lacks, each with its CRLF; '' where it lacks none.
 *
 * Nothing is added to a section whose end was not seen, as the field may stand further down, nor to a message that
 * begins with something else than a field, which would make the rest of it the body.
 */
export function missingFields(section: HeaderSection, { at, token, domain }: Completion): string {
  if (section.endedBy === 'limit' || section.endedBy === 'not-a-field') return '';
  const lacks = (name: string): boolean => fieldsNamed(section, name).length === 0;
  return [
    lacks('date') ? formatField('Date', formatDateTime(at)) : '',
    lacks('message-id') ? formatField('Message-ID', `<${token}@${domain}>`) : '',
  ].join('');
}
