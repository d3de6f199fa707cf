/** Where reports are to go: lists of URIs, as records of DMARC and TLS-RPT have them. RFC 3986, RFC 6068 §2. */
import { type Domain, parseDomain, quote } from '../../names/domain.ts';
import { parseMailbox } from '../../names/mailbox.ts';
import { withoutSpace } from './tags.ts';

export type ReportUri =
  | { readonly kind: 'mailto'; readonly text: string; readonly mailbox: string; readonly domain: Domain }
  | { readonly kind: 'https'; readonly text: string; readonly host: Domain }
  /** A scheme that nobody has to know. */
  | { readonly kind: 'other'; readonly text: string; readonly scheme: string };

export interface ReportUris {
  readonly uris: readonly ReportUri[];
  /** What is none, a sentence each without its full stop; at most ten. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 10;

/** @param text the value of the field, null where it is not there. */
export function readReportUris(text: string | null): ReportUris {
  const uris: ReportUri[] = [];
  const problems: string[] = [];
  for (const piece of text === null ? [] : text.split(',')) {
    const uri = readUri(withoutSpace(piece));
    if (typeof uri === 'string') problems.push(uri);
    else uris.push(uri);
  }
  return { uris, problems: problems.slice(0, MOST_PROBLEMS) };
}

/** The characters of RFC 3986 §2, without the two that have to be encoded here: "," and ";". */
const CHARACTERS = /^[\w.~:/?#[\]@!$&'()*+=%-]+$/;

function readUri(text: string): ReportUri | string {
  const split = /^([a-z][a-z0-9+.-]*):(.+)$/i.exec(text);
  if (split === null || !CHARACTERS.test(text)) {
    return text.includes('@') && parseMailbox(text).kind === 'ok'
      ? `${quote(text)} is no URI: "mailto:" is missing before the address`
      : `${quote(text)} is no URI`;
  }
  const scheme = (split[1] ?? '').toLowerCase();
  const rest = split[2] ?? '';
  if (scheme === 'mailto') return readMailto(text, rest);
  if (scheme === 'https') return readHttps(text, rest);
  return { kind: 'other', text, scheme };
}

/** Without header fields, which no report needs; "!" and a size are of RFC 7489 §6.2 and count no more. */
function readMailto(text: string, rest: string): ReportUri | string {
  const address = decoded((rest.split('?')[0] ?? '').replace(/!\d+[kmgt]?$/i, ''));
  const mailbox = address === undefined ? undefined : parseMailbox(address);
  if (mailbox?.kind !== 'ok' || mailbox.value.at.kind !== 'domain') return `${quote(text)} names no mailbox`;
  return { kind: 'mailto', text, mailbox: mailbox.value.text, domain: mailbox.value.at.domain };
}

function readHttps(text: string, rest: string): ReportUri | string {
  const authority = /^\/\/(?:[^/?#@]*@)?([^/?#:@]+)(?::\d{1,5})?(?:[/?#]|$)/.exec(rest)?.[1];
  const host = authority === undefined ? undefined : parseDomain(authority);
  return host?.kind === 'ok' ? { kind: 'https', text, host: host.value } : `${quote(text)} names no host`;
}

/** Undoes the encoding of RFC 3986 §2.1; undefined where it is none, or hides something that is not ASCII. */
function decoded(text: string): string | undefined {
  if (/%(?![0-7][0-9a-f])/i.test(text)) return undefined;
  return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
