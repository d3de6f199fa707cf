/** Whose a server is, as far as its name and its address tell. */
import { isIPv4 } from 'node:net';
import { groupsOf, type IpAddress, oneSpelling } from '../names/address.ts';

/**
 * Second labels below which registries of countries register names: `example.co.uk` is somebody's, `co.uk` is nobody's.
 *
 * The whole list of such places has ten thousand entries and changes every week. Where one is missing, hosts of several
 * operators share one limit, which makes a run slower and never less polite.
 */
const SHARED = new Set(
  'ac asso co com edu firm gen go gob gouv gov govt gub gv id ind info ltd mil ne net nhs nic nom or org plc sch'.split(
    ' ',
  ),
);

/**
 * The operator of a mail host, by the registered part of its name: the last two labels, or three where the last is a country's
 * and the one before it is shared (`co.uk`).
 *
 * @param host a name in ASCII form; of an address nothing is told, and it is undefined.
 */
export function operatorOf(host: string): string | undefined {
  const labels = host.toLowerCase().split('.');
  const [second = '', top = ''] = labels.slice(-2);
  if (labels.length < 2 || /^[0-9]+$/.test(top) || host.includes(':')) return undefined;
  return labels.slice(top.length === 2 && SHARED.has(second) ? -3 : -2).join('.');
}

/** How a network without IPv4 of its own writes the addresses that it reaches through a translator (RFC 6052 §2.1). */
const TRANSLATED = /^64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** The server that an address leads to, in one spelling: that of IPv4 where it is written inside IPv6. */
export function serverOf(address: IpAddress): IpAddress {
  const server = oneSpelling(address);
  const [, high, low] = TRANSLATED.exec(server) ?? [];
  return high === undefined || low === undefined ? server : oneSpelling(`::ffff:${high}:${low}`);
}

/** The /24 of IPv4, the /48 of IPv6: as a rule one operator's. @param server an address in its one spelling. */
export function networkOf(server: IpAddress): string {
  if (isIPv4(server)) return `${server.split('.').slice(0, 3).join('.')}/24`;
  return `${firstGroups(server, 3)}/48`;
}

/** The /16 of IPv4, the /32 of IPv6: what a large provider has, whatever its hosts are called. @param server as above. */
export function rangeOf(server: IpAddress): string {
  if (isIPv4(server)) return `${server.split('.').slice(0, 2).join('.')}/16`;
  return `${firstGroups(server, 2)}/32`;
}

function firstGroups(server: IpAddress, count: number): string {
  return groupsOf(server)
    .slice(0, count)
    .map((group) => group.toString(16))
    .join(':');
}
