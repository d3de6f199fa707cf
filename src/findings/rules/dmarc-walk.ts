/** Which DMARC record holds for a domain, and what organization it is of: the DNS Tree Walk of RFC 9989 §4.10. */
import type { Answer } from '../../dns/answer.ts';
import { type Domain, parseDomain } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askTxt, below } from '../ask.ts';
import { type DmarcRecord, isDmarc, parseDmarc } from '../records/dmarc.ts';

/** One place on the way up. */
export interface DmarcStep {
  readonly domain: Domain;
  /** Every TXT record there. */
  readonly texts: readonly string[];
  /** Those that are of DMARC; where there is more than one, "they are all discarded". */
  readonly candidates: readonly string[];
  /** The one that counts. */
  readonly record: DmarcRecord | null;
}

export interface DmarcWalk {
  /** From the domain itself upwards; at most eight. */
  readonly steps: readonly DmarcStep[];
  /** The look-up at which the walk had to end; null where it came to its end. */
  readonly unanswered: Answer | null;
}

/** Where the names are longer, those between the first and the last seven labels are left out (§4.10). */
const MOST_LABELS = 8;

/** Walks from a domain to the top. */
export function* walkDmarc(domain: Domain): PolicyLookUp<DmarcWalk> {
  const steps: DmarcStep[] = [];
  for (const place of placesOf(domain)) {
    const name = below('_dmarc', place);
    if (name === undefined) continue;
    const said = yield* askTxt(name);
    if (said.kind === 'unknown') return { steps, unanswered: said.answer };
    const candidates = said.texts.filter(isDmarc);
    const [only] = candidates;
    const record = only === undefined || candidates.length > 1 ? null : parseDmarc(only);
    steps.push({ domain: place, texts: said.texts, candidates, record });
    // "If a single record remains and it contains a "psd=n" or "psd=y" tag, stop."
    if (record !== null && record.psd !== 'u') break;
  }
  return { steps, unanswered: null };
}

/** Where records may be, from the domain itself upwards: at most eight. */
export function placesOf(domain: Domain): readonly Domain[] {
  const labels = domain.split('.');
  const shorter = labels.slice(labels.length < MOST_LABELS ? 1 : -(MOST_LABELS - 1));
  const places: Domain[] = [domain];
  for (let from = 0; from < shorter.length; from += 1) {
    const place = parseDomain(shorter.slice(from).join('.'));
    if (place.kind === 'ok') places.push(place.value);
  }
  return places;
}

/** The organizational domain (§4.10.2): the boundary within which names are of one owner. */
export function organizationOf(domain: Domain, { steps }: DmarcWalk): Domain {
  const valid = steps.filter(({ record }) => record !== null);
  for (const step of valid) {
    if (step.record?.psd === 'n') return step.domain;
    if (step.record?.psd === 'y' && step.domain !== domain) return oneBelow(domain, step.domain);
  }
  return valid.at(-1)?.domain ?? domain;
}

/** The name one label below `above`, on the way to `domain`. */
function oneBelow(domain: Domain, above: Domain): Domain {
  const count = above.split('.').length + 1;
  const name = parseDomain(domain.split('.').slice(-count).join('.'));
  return name.kind === 'ok' ? name.value : domain;
}

/** The step whose record holds for mail of the domain (§4.10.1): its own, its organization's, or its registry's. */
export function policyStep(domain: Domain, walk: DmarcWalk): DmarcStep | undefined {
  const [own] = walk.steps;
  if (own?.record !== null && own?.record !== undefined) return own;
  const organization = organizationOf(domain, walk);
  const valid = walk.steps.filter(({ record }) => record !== null);
  return (
    valid.find((step) => step.domain === organization) ?? valid.find(({ record }) => record?.psd === 'y')
  );
}
