/** BIMI assertion records: which logo a domain wants to be shown. draft-brand-indicators-for-message-identification. */
import { readTags } from './tags.ts';

export function isBimi(text: string): boolean {
  return /^v[ \t]*=[ \t]*BIMI1[ \t]*(?:;|$)/.test(text);
}

/**
 * What is wrong with a record that {@link isBimi}, a sentence each without its full stop.
 *
 * The tag l is the logo, empty where the domain says that it has none; a is the certificate for it.
 */
export function bimiProblems(text: string): readonly string[] {
  const { values, problems } = readTags(text);
  const logo = values.get('l');
  const evidence = values.get('a') ?? '';
  return [
    ...problems,
    ...(logo === undefined ? ['the tag l, with the logo, is missing'] : []),
    ...(logo === undefined || logo === '' || isHttps(logo) ? [] : ['the tag l is no https URI']),
    ...(evidence === '' || isHttps(evidence) ? [] : ['the tag a is no https URI']),
  ];
}

function isHttps(text: string): boolean {
  return /^https:\/\/[^/?#@:]+(?::\d{1,5})?(?:[/?#]|$)/i.test(text);
}
