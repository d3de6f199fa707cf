/** TLS-RPT: whether the owner of a domain hears of it where TLS fails. RFC 8460 §3. */
import { types } from '../../dns/record.ts';
import { type Domain, isWithin } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { readMxAnswer } from '../../policies/mx.ts';
import {
  askAhead,
  askFor,
  askTxt,
  below,
  notAnswered,
  shorten,
  showAnswer,
  showTxt,
  txtLine,
  zoneFinding,
  zoneLine,
} from '../ask.ts';
import type { CheckCase } from '../case.ts';
import type { Remedy } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { ReportUri } from '../records/report-uris.ts';
import { isTlsRpt, parseTlsRpt, type TlsRptRecord } from '../records/tls-rpt.ts';
import { takesNoMail } from './parked.ts';

/** Where records have been seen that belong to `_smtp._tls`; the domain itself among them. */
const WRONG_PLACES = ['_tls', '_smtp-tlsrpt', '_tlsrpt', '_smtp'] as const;
/** Of more addresses nobody promises to use all. */
const FEW = 2;
/** Domains of mailboxes that are looked into. */
const MOST_MAILBOXES = 4;

export function* tlsrptFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const { target, facts, now } = theCase;
  // Nothing is delivered to a domain without mail, and so nothing fails.
  if (target.kind !== 'domain' || facts?.way.kind === 'no-such-domain' || takesNoMail(theCase)) return [];
  const { domain } = target;
  const name = below('_smtp._tls', domain);
  if (name === undefined) return [];
  const scope = { domain };
  const said = yield* askTxt(name);
  if (said.kind === 'unknown') return [notAnswered('tlsrpt.none', scope, said.answer, { now })];
  const records = said.texts.filter(isTlsRpt);
  const [record] = records;
  if (record === undefined) return yield* withoutRecord(domain, name, said.texts);
  const evidence = records.slice(0, 8).map((text) => showTxt(name, text));
  const passed = zoneFinding('tlsrpt.none', 'pass', { scope, evidence });
  if (records.length > 1) {
    const fix = [merged(domain, records)];
    return [passed, zoneFinding('tlsrpt.multiple', 'fail', { scope, evidence, fix })];
  }
  const read = parseTlsRpt(record);
  return [
    passed,
    zoneFinding('tlsrpt.multiple', 'pass', { scope, evidence }),
    zoneFinding('tlsrpt.wrong-place', 'pass', { scope, evidence }),
    ...recordFindings(domain, name, evidence, read),
    ...(yield* mailboxFindings(domain, read.reportsTo)),
  ];
}

function publish(domain: Domain, order: string): Remedy {
  return {
    who: 'dns-owner',
    do: order,
    lines: [zoneLine(`_smtp._tls.${domain}. IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@${domain}"`)],
    verify: `dig +short _smtp._tls.${domain} TXT`,
  };
}

/** One record with the addresses of all. */
function merged(domain: Domain, records: readonly string[]): Remedy {
  const uris = records.flatMap((text) => parseTlsRpt(text).reportsTo).filter(({ kind }) => kind !== 'other');
  const order = `Keep one record for ${domain}, with the addresses of ${records.length === 2 ? 'both' : `all ${records.length}`}.`;
  const addresses = [...new Set(uris.map(({ text }) => text))].join(',');
  if (addresses === '') return publish(domain, order);
  return {
    ...publish(domain, order),
    lines: [txtLine(`_smtp._tls.${domain}`, `v=TLSRPTv1; rua=${addresses}`)],
  };
}

/** The record as it was meant, with its own addresses. */
function corrected(domain: Domain, texts: readonly string[]): Remedy {
  const order = 'Correct the beginning of the record.';
  const meant = texts.flatMap((text) => text.match(/(?:mailto:|https:\/\/)[^\s;,"'\\]+/gi) ?? []);
  const { reportsTo } = parseTlsRpt(`v=TLSRPTv1; rua=${[...new Set(meant)].join(',')}`);
  const addresses = reportsTo.filter(({ kind }) => kind !== 'other').map(({ text }) => text);
  if (addresses.length === 0) return publish(domain, `${order} The mailbox for reports has to exist.`);
  const lines = [txtLine(`_smtp._tls.${domain}`, `v=TLSRPTv1; rua=${addresses.join(',')}`)];
  return { ...publish(domain, order), lines };
}

function* withoutRecord(
  domain: Domain,
  name: Domain,
  texts: readonly string[],
): PolicyLookUp<readonly Finding[]> {
  const scope = { domain };
  const alike = texts.filter((text) => /^[\s"']*v\s*=\s*tlsrpt/i.test(text));
  if (alike.length > 0) {
    const lines = alike.slice(0, 6).map((text) => showTxt(name, text));
    const evidence = [...lines, 'a record of TLS-RPT begins with exactly "v=TLSRPTv1;"'];
    const fix = [corrected(domain, alike)];
    return [zoneFinding('tlsrpt.syntax', 'fail', { scope, evidence, fix })];
  }
  const none = zoneFinding('tlsrpt.none', 'absent', {
    scope,
    evidence: [`${name} has no record of TLS-RPT`],
    fix: [publish(domain, `Publish a TLS-RPT record for ${domain}; the mailbox for reports has to exist.`)],
  });
  const elsewhere = yield* wrongPlaces(domain);
  if (elsewhere.length === 0) return [none];
  const order = `Move the record to ${name}, with its own addresses.`;
  return [
    none,
    zoneFinding('tlsrpt.wrong-place', 'warn', { scope, evidence: elsewhere, fix: [publish(domain, order)] }),
  ];
}

function* wrongPlaces(domain: Domain): PolicyLookUp<readonly string[]> {
  const places = [domain, ...WRONG_PLACES.flatMap((labels) => below(labels, domain) ?? [])];
  const lines: string[] = [];
  yield* askAhead(places.map((place) => [place, types.TXT] as const));
  for (const place of places) {
    const said = yield* askTxt(place);
    lines.push(
      ...said.texts
        .filter(isTlsRpt)
        .slice(0, 2)
        .map((text) => showTxt(place, text)),
    );
  }
  return lines;
}

function recordFindings(
  domain: Domain,
  name: Domain,
  evidence: readonly string[],
  { reportsTo, hasRua, problems }: TlsRptRecord,
): Finding[] {
  const scope = { domain };
  const others = reportsTo.filter(({ kind }) => kind === 'other');
  const usable = reportsTo.length - others.length;
  const fix = [publish(domain, `Correct the record at ${name}; for one mailbox it is this one.`)];
  const syntax = zoneFinding('tlsrpt.syntax', problems.length > 0 ? 'fail' : 'pass', {
    scope,
    evidence: [...evidence, ...problems.slice(0, 8)],
    fix,
  });
  if (!hasRua) return [syntax, zoneFinding('tlsrpt.rua-missing', 'fail', { scope, evidence, fix })];
  const schemes = others.slice(0, 5).map(({ text }) => shorten(`${text} is neither mailto nor https`));
  const found = [
    syntax,
    zoneFinding('tlsrpt.rua-missing', reportsTo.length > 0 ? 'pass' : 'fail', { scope, evidence, fix }),
    zoneFinding('tlsrpt.rua-scheme', others.length === 0 ? 'pass' : usable > 0 ? 'warn' : 'fail', {
      scope,
      evidence: others.length > 0 ? schemes : evidence,
      fix,
    }),
    zoneFinding('tlsrpt.rua-too-many', usable > FEW ? 'warn' : 'pass', { scope, evidence }),
  ];
  if (usable === 0) return found;
  const isOwn = (uri: ReportUri): boolean => uri.kind === 'mailto' && isWithin(uri.domain, domain);
  const onlyOwn = reportsTo.filter(({ kind }) => kind !== 'other').every(isOwn);
  return [...found, zoneFinding('tlsrpt.same-domain-only', onlyOwn ? 'warn' : 'pass', { scope, evidence })];
}

/** Whether the domains of the mailboxes take mail; whether the mailbox exists, only a report would show. */
function* mailboxFindings(domain: Domain, uris: readonly ReportUri[]): PolicyLookUp<Finding[]> {
  const domains = new Set(uris.flatMap((uri) => (uri.kind === 'mailto' ? [uri.domain] : [])));
  const found: Finding[] = [];
  for (const mailbox of [...domains].slice(0, MOST_MAILBOXES)) {
    const answer = yield* askFor(mailbox, types.MX);
    const way = readMxAnswer(mailbox, answer);
    const scope = { domain, host: mailbox };
    if (way.kind === 'unknown') continue;
    const takes = way.kind === 'hosts' || (way.kind === 'implicit' && (yield* hasAddress(mailbox)));
    const evidence = [...showAnswer(answer), ...(takes ? [] : [`${mailbox} takes no mail`])];
    found.push(zoneFinding('tlsrpt.rua-mail-undeliverable', takes ? 'pass' : 'fail', { scope, evidence }));
  }
  return found;
}

function* hasAddress(domain: Domain): PolicyLookUp<boolean> {
  const answers = [yield* askFor(domain, types.A), yield* askFor(domain, types.AAAA)];
  // What is not known may be there.
  return answers.some(({ kind }) => kind !== 'absent');
}
