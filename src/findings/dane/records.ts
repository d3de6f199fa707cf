/** What the TLSA records of a host are good for, each looked at by itself. */
import { readTlsa, type Tlsa } from '../../dns/records.ts';
import { readTlsaSet, showTlsas, type TlsaRecord } from '../../policies/dane/tlsa.ts';
import type { CheckCase } from '../case.ts';
import type { Remedy } from '../check.ts';
import { type Finding, type FindingScope, finding } from '../finding.ts';
import { targetName } from '../seen.ts';
import { type DanePlace, scopeOfPlace } from './places.ts';
import { lineOf, shortened, verifyDaneCommand, zoneLines } from './publish.ts';

/** Of the records of one host; nothing where it has none that are proven. */
export function recordFindings(theCase: CheckCase, place: DanePlace): readonly Finding[] {
  const { answer, facts } = place;
  if (facts.tlsa.kind !== 'found' || answer?.kind !== 'found') return [];
  const { set } = facts.tlsa;
  const scope = scopeOfPlace(place);
  const replace = replaceBy(theCase, place);
  const sorted = sortUnusable(answer.records);
  return [
    unusable(scope, place, replace),
    misshapen(scope, sorted, set.usable, replace),
    ofUsagesForTheWeb(scope, sorted, set.usable, replace),
    ...entity(scope, set.usable, replace),
    fullData(scope, set.usable, replace),
    onlySha512(scope, set.usable, replace),
  ];
}

/** Records that authenticate nobody, by what is the matter with them. */
interface Unusable {
  /** Octets that do not fit their numbers, or are cut short. */
  readonly malformed: readonly string[];
  /** Usages 0 and 1. */
  readonly pkix: readonly string[];
}

function sortUnusable(records: readonly Uint8Array[]): Unusable {
  const malformed: string[] = [];
  const pkix: string[] = [];
  for (const data of records) {
    // Whether a record is usable is said by the reader of sets alone; here only which kind of unusable it is.
    const [one] = readTlsaSet([data]).unusable;
    if (one === undefined) continue;
    const read = readTlsa(data);
    const line = `TLSA ${one.text}: it ${one.because}`;
    if (read !== undefined && (read.usage === 0 || read.usage === 1)) pkix.push(line);
    else if (read === undefined || isKnown(read)) malformed.push(line);
  }
  return { malformed, pkix };
}

/** Whether its numbers all mean something, so that its octets must be what is wrong. */
function isKnown({ usage, selector, matchingType }: Tlsa): boolean {
  return (usage === 2 || usage === 3) && selector <= 1 && matchingType <= 2;
}

function replaceBy(theCase: CheckCase, place: DanePlace): readonly Remedy[] {
  const lines = zoneLines(place);
  return [
    {
      who: 'dns-owner',
      do: `Publish the SHA-256 of the server's public key at ${place.owner} (usage 3, selector 1, matching type 1).`,
      ...(lines.length > 0 ? { lines } : {}),
      verify: verifyDaneCommand(targetName(theCase)),
    },
  ];
}

function unusable(scope: FindingScope, { facts }: DanePlace, fix: readonly Remedy[]): Finding {
  const { tlsa } = facts;
  const set = tlsa.kind === 'found' ? tlsa.set : undefined;
  if (set === undefined || set.usable.length > 0) {
    const evidence = [shortened(`records that authenticate the host: ${showTlsas(set?.usable ?? [])}`)];
    return finding('dane.unusable', 'pass', { scope, evidence });
  }
  const evidence = set.unusable
    .slice(0, MOST_LINES)
    .map(({ text, because }) => `TLSA ${text}: it ${because}`);
  return finding('dane.unusable', 'fail', { scope, evidence, fix });
}

function misshapen(
  scope: FindingScope,
  sorted: Unusable,
  usable: readonly TlsaRecord[],
  fix: readonly Remedy[],
): Finding {
  if (sorted.malformed.length === 0) {
    const evidence = ['every TLSA record has the octets that its numbers say'];
    return finding('dane.malformed', 'pass', { scope, evidence });
  }
  const evidence = sorted.malformed.slice(0, MOST_LINES);
  // Beside one that counts it is only ignored; where none does `dane.unusable` has said the worst of it.
  const severity = usable.length > 0 ? 'medium' : 'low';
  return finding('dane.malformed', usable.length > 0 ? 'warn' : 'fail', { scope, evidence, fix, severity });
}

function ofUsagesForTheWeb(
  scope: FindingScope,
  { pkix }: Unusable,
  usable: readonly TlsaRecord[],
  fix: readonly Remedy[],
): Finding {
  if (pkix.length === 0)
    return finding('dane.pkix-usage', 'pass', { scope, evidence: ['no TLSA record has the usage 0 or 1'] });
  const severity = usable.length > 0 ? 'medium' : 'low';
  return finding('dane.pkix-usage', 'warn', { scope, evidence: pkix.slice(0, MOST_LINES), fix, severity });
}

/** Records of usage 3 that are of the whole certificate, which the next renewal replaces. */
function entity(
  scope: FindingScope,
  usable: readonly TlsaRecord[],
  fix: readonly Remedy[],
): readonly Finding[] {
  const entities = usable.filter(({ usage }) => usage === 3);
  if (entities.length === 0) return [];
  const whole = entities.filter(({ selector }) => selector === 0);
  const byKey = entities.filter(({ selector }) => selector === 1);
  if (whole.length === 0) {
    const evidence = [shortened(`the records are of public keys: ${showTlsas(byKey)}`)];
    return [finding('dane.ee-cert-selector', 'pass', { scope, evidence })];
  }
  const evidence = whole.slice(0, MOST_LINES).map((record) => lineOf(record));
  return [finding('dane.ee-cert-selector', 'warn', { scope, evidence, fix })];
}

function fullData(scope: FindingScope, usable: readonly TlsaRecord[], fix: readonly Remedy[]): Finding {
  const full = usable.filter(({ matchingType }) => matchingType === 0);
  if (full.length === 0) {
    const evidence = ['every TLSA record that counts holds a digest'];
    return finding('dane.full-data', 'pass', { scope, evidence });
  }
  const evidence = full.slice(0, MOST_LINES).map((record) => lineOf(record));
  return finding('dane.full-data', 'warn', { scope, evidence, fix });
}

function onlySha512(scope: FindingScope, usable: readonly TlsaRecord[], fix: readonly Remedy[]): Finding {
  const isOnly = usable.length > 0 && usable.every(({ matchingType }) => matchingType === 2);
  const evidence = [
    isOnly
      ? shortened(`all TLSA records that count hold SHA-512: ${showTlsas(usable)}`)
      : 'there is a TLSA record that every sender can compute',
  ];
  return isOnly
    ? finding('dane.sha512-only', 'warn', { scope, evidence, fix })
    : finding('dane.sha512-only', 'pass', { scope, evidence });
}

const MOST_LINES = 10;
