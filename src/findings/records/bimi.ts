/** BIMI assertion records: which logo a domain wants to be shown. draft-brand-indicators-for-message-identification. */
import { readTags } from './tags.ts';

export interface BimiRecord {
  /** The logo; null where the domain says that it has none. */
  readonly logo: string | null;
  /** The certificate for it; null where there is none. */
  readonly evidence: string | null;
  /** What is not as it has to be, a sentence each without its full stop. */
  readonly problems: readonly string[];
}

export function isBimi(text: string): boolean {
  return /^v[ \t]*=[ \t]*BIMI1[ \t]*(?:;|$)/.test(text);
}

/** Reads a record that {@link isBimi}. */
export function parseBimi(text: string): BimiRecord {
  const { values, problems } = readTags(text);
  const logo = values.get('l') ?? '';
  const evidence = values.get('a') ?? '';
  const faults = [
    ...(values.has('l') ? [] : ['the tag l, with the logo, is missing']),
    ...(logo === '' || isHttps(logo) ? [] : ['the tag l is no https URI']),
    ...(evidence === '' || isHttps(evidence) ? [] : ['the tag a is no https URI']),
  ];
  return {
    logo: logo === '' ? null : logo,
    evidence: evidence === '' ? null : evidence,
    problems: [...problems, ...faults],
  };
}

function isHttps(text: string): boolean {
  return /^https:\/\/[^/?#@:]+(?::\d{1,5})?(?:[/?#]|$)/i.test(text);
}
