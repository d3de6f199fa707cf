/** What is done about each door of a target: how much is looked at there, or why it is left alone. */
import type { Skipped, Target } from '../findings/case.ts';
import type { Depth } from '../findings/endpoint.ts';
import type { Recording } from '../findings/recording.ts';
import { type IpAddress, isLoopback } from '../names/address.ts';
import { type Domain, isLocalhost, parseDomain } from '../names/domain.ts';
import { isPublicAddress } from '../names/public-address.ts';
import type { Door } from './doors.ts';
import { serverOf } from './operator.ts';
import { type OptOut, optedOutBy } from './opt-out.ts';
import type { TestTerms } from './tester.ts';

/** Where intrusive questions may be asked. */
export interface Consents {
  readonly mayAsk: (door: Door) => boolean;
}

export type SkippedDoor = Recording['skipped'][number];

/** A door, and how much is looked at there. */
export interface Plan {
  readonly door: Door;
  readonly how: { readonly depth: Depth; readonly intrusive: boolean };
}

/** What has to be known for the plans, beside the terms. */
export interface Known extends Consents {
  /** The names that a name is an alias of. */
  readonly aliasesOf: (name: string) => readonly Domain[];
}

/** @returns a plan for each door that is visited, and those that are left alone. */
export function planned(
  target: Target,
  doors: readonly Door[],
  facts: Known,
  terms: TestTerms,
): { readonly plans: readonly Plan[]; readonly refused: readonly SkippedDoor[] } {
  const plans: Plan[] = [];
  const refused: SkippedDoor[] = [];
  const known = new Set<string>();
  for (const door of doors) {
    const refusal = whyNot(target, door, facts, terms);
    if (refusal !== undefined) {
      refused.push(skippedDoor(door, { ...refusal, retryAt: null }));
      continue;
    }
    const { address, port } = door.endpoint;
    // A second name at the same door costs one connection more, not the whole plan again.
    const place = `${serverOf(address)} ${port}`;
    const depth = known.has(place) ? 'quick' : terms.depth;
    known.add(place);
    plans.push({ door, how: { depth, intrusive: facts.mayAsk(door) } });
  }
  return { plans, refused };
}

/** Doors of one target beyond this number are left alone; no domain has so many addresses of mail hosts. */
const MOST_DOORS = 60;

/** Those that may be visited, the first of each host before the second of any, and the rest as those that are not. */
export function someOf(doors: readonly Door[]): {
  readonly doors: readonly Door[];
  readonly tooMany: readonly SkippedDoor[];
} {
  const all = firstOfEach(doors);
  return { doors: all.slice(0, MOST_DOORS), tooMany: tooMany(all.slice(MOST_DOORS)) };
}

/** Addresses of this host, and those of a lab: nobody else is bothered there. */
export function isOurs(address: IpAddress, { lab }: Pick<TestTerms, 'lab'>): boolean {
  return isLoopback(address) || (lab && !isPublicAddress(address));
}

function whyNot(
  target: Target,
  { host, endpoint: { address } }: Door,
  { aliasesOf }: Known,
  terms: TestTerms,
): Pick<Skipped, 'kind' | 'because'> | undefined {
  const line = optedOut(namesOf(target, host, aliasesOf), address, terms.optOut);
  if (line !== undefined) return { kind: 'opted-out', because: optedOutBy(line) };
  if (terms.allowPrivate || terms.lab || isPublicAddress(address)) return undefined;
  if (isLoopback(address) && namesThisHost(target)) return undefined;
  const doubt = target.kind === 'address' ? '' : ", where a stranger's zone must not lead us";
  const because = `${address} is no address of the public Internet${doubt} (--allow-private visits it)`;
  return { kind: 'private', because };
}

/** Whether it is this host that was asked about: a stranger's MX record that leads here is not taken for it. */
export function namesThisHost(target: Target): boolean {
  if (target.kind === 'domain') return false;
  return target.kind === 'address' || isLocalhost(target.host);
}

/** By any of them its owner may have asked: a host may be an alias of another one's. */
function namesOf(target: Target, host: string, aliasesOf: Known['aliasesOf']): readonly Domain[] {
  const own = [...(target.kind === 'domain' ? [target.domain] : []), host]
    .map(parseDomain)
    .flatMap((parsed) => (parsed.kind === 'ok' ? [parsed.value] : []));
  return [...own, ...own.flatMap(aliasesOf)];
}

function optedOut(names: readonly Domain[], address: IpAddress, list: OptOut): string | undefined {
  return names.map(list.ofName).find((line) => line !== undefined) ?? list.ofAddress(address);
}

/** The first door of each host, then the second of each, …: many addresses of one host must not hide the others. */
function firstOfEach(doors: readonly Door[]): readonly Door[] {
  const counts = new Map<string, number>();
  const ranked = doors.map((door) => {
    const rank = counts.get(door.host) ?? 0;
    counts.set(door.host, rank + 1);
    return { door, rank };
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ door }) => door);
}

/** Those beyond the limit, told once for each host: a zone may have thousands of addresses. */
function tooMany(doors: readonly Door[]): readonly SkippedDoor[] {
  const because = `only ${MOST_DOORS} doors of one target are visited, and this one and further ones of its host are not`;
  const first = new Map(doors.toReversed().map((door) => [door.host, door]));
  return [...first.values()].map((door) => skippedDoor(door, { kind: 'too-many', because, retryAt: null }));
}

export function skippedDoor(
  { host, endpoint: { address, port } }: Door,
  why: Pick<Skipped, 'kind' | 'because' | 'retryAt'>,
): SkippedDoor {
  return { host, address, port, ...why };
}
