/** The names of addresses: receivers refuse mail from addresses without one, and mail hosts mostly send mail too. */
import { showName } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { readAddress, readName } from '../../dns/records.ts';
import { reverseName } from '../../dns/reverse.ts';
import { groupsOf, type IpAddress } from '../../names/address.ts';
import { parseDomain } from '../../names/domain.ts';
import { isPublicAddress } from '../../names/public-address.ts';
import { all, type PolicyLookUp, resolve } from '../../policies/look-ups.ts';
import { askFor, notAnswered, showAnswer, zoneFinding } from '../ask.ts';
import type { CheckCase, HostCase } from '../case.ts';
import type { Finding, FindingScope } from '../finding.ts';

/** Addresses of one host, and names of one address, that are looked into. */
const MOST_ADDRESSES = 8;
const MOST_NAMES = 5;

/** For servers of mail between servers; others send none. */
export function* reverseFindings(theCase: CheckCase): PolicyLookUp<Finding[]> {
  const { target } = theCase;
  if (target.kind !== 'domain' && target.protocol !== 'smtp') return [];
  const hosts = new Map<IpAddress, string>();
  for (const host of theCase.hosts)
    for (const address of addressesOf(theCase, host)) if (!hosts.has(address)) hosts.set(address, host.name);
  const each = [...hosts].map(([address, host]) => ofAddress(theCase, { host, address }, address));
  return (yield* all(each)).flat();
}

/** Those of the public Internet: nobody sees the others as a sender. */
function addressesOf({ target }: CheckCase, { facts }: HostCase): readonly IpAddress[] {
  if (facts === null)
    return target.kind === 'address' && isPublicAddress(target.address) ? [target.address] : [];
  return facts.kind === 'found' ? facts.addresses.filter(isPublicAddress).slice(0, MOST_ADDRESSES) : [];
}

function* ofAddress(
  { now }: CheckCase,
  scope: FindingScope & { readonly host: string },
  address: IpAddress,
): PolicyLookUp<Finding[]> {
  const answer = yield* resolve({ name: reverseName(address), type: types.PTR });
  if (answer.kind === 'unknown') return [notAnswered('mx.ptr-missing', scope, answer, { now })];
  const evidence = showAnswer(answer);
  if (answer.kind === 'absent') {
    return [
      zoneFinding('mx.ptr-missing', 'absent', {
        scope,
        evidence,
        fix: [
          {
            who: 'mail-provider',
            do: `Have whoever gave you ${address} publish its name.`,
            lines: [{ for: 'dns', text: `${showName(reverseName(address))}. IN PTR ${scope.host}.` }],
            verify: `dig +short -x ${address}`,
          },
        ],
      }),
    ];
  }
  const names = answer.records.flatMap((data) => readName(data) ?? []).map(showName);
  const seen: string[] = [...evidence];
  let missing = 0;
  for (const name of names.slice(0, MOST_NAMES)) {
    const domain = parseDomain(name);
    if (domain.kind !== 'ok') continue;
    const back = yield* askFor(domain.value, address.includes(':') ? types.AAAA : types.A);
    if (back.kind === 'unknown') missing += 1;
    seen.push(...showAnswer(back));
    if (back.kind === 'found' && back.records.some((data) => isSame(readAddress(data) ?? '', address))) {
      return [
        zoneFinding('mx.ptr-missing', 'pass', { scope, evidence }),
        zoneFinding('mx.fcrdns', 'pass', { scope, evidence: [...evidence, ...showAnswer(back)] }),
      ];
    }
  }
  const passed = zoneFinding('mx.ptr-missing', 'pass', { scope, evidence });
  const state = missing > 0 ? 'not-tested' : 'warn';
  return [passed, zoneFinding('mx.fcrdns', state, { scope, evidence: seen.slice(0, 12) })];
}

/** An address that somebody typed may be written in another way. */
function isSame(one: IpAddress, other: IpAddress): boolean {
  if (!one.includes(':') || !other.includes(':')) return one === other;
  return groupsOf(one).join() === groupsOf(other).join();
}
