/** TLS-RPT records, read exactly: where a domain wants reports of failed TLS to go. RFC 8460 §3. */
import { quote } from '../../names/domain.ts';
import { type ReportUri, readReportUris } from './report-uris.ts';
import { withoutSpace } from './tags.ts';

export interface TlsRptRecord {
  /** Of all `rua` fields together. */
  readonly reportsTo: readonly ReportUri[];
  /** Whether there is such a field, whatever is in it. */
  readonly hasRua: boolean;
  /** What is not as the RFC has it, a sentence each without its full stop. */
  readonly problems: readonly string[];
}

const VERSION = 'v=TLSRPTv1';
const EXTENSION = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+$/;
const MOST_PROBLEMS = 10;

/** Whether a TXT record means to be one: others "which do not begin with "v=TLSRPTv1;" are discarded". */
export function isTlsRpt(text: string): boolean {
  return /^v=TLSRPTv1[ \t]*(?:;|$)/.test(text);
}

/** Reads a record that {@link isTlsRpt}: its version, then fields behind semicolons, one of which may end it. */
export function parseTlsRpt(text: string): TlsRptRecord {
  const pieces = text.slice(VERSION.length).split(';');
  const problems: string[] = [];
  const uris: ReportUri[] = [];
  let hasRua = false;
  pieces.slice(1).forEach((piece, index) => {
    const field = withoutSpace(piece);
    if (field === '' && index === pieces.length - 2 && index > 0) return;
    if (field.startsWith('rua=')) {
      hasRua = true;
      const read = readReportUris(field.slice('rua='.length));
      uris.push(...read.uris);
      problems.push(...read.problems);
    } else if (!EXTENSION.test(field)) problems.push(`there is no field name=value at ${quote(field)}`);
  });
  if (pieces.length === 1) problems.push(`there is nothing behind "${VERSION}"`);
  return { reportsTo: uris, hasRua, problems: problems.slice(0, MOST_PROBLEMS) };
}
