/** What this host calls itself to servers. */
import { isIPv6 } from 'node:net';

/**
 * The name for EHLO on one connection. RFC 5321 §4.1.1.1 asks for "a fully-qualified domain name" and, where there is none, for an
 * address literal: servers refuse a name without a dot, and would be blamed for what is our fault.
 *
 * @param name a domain in ASCII form or an address literal. @param localAddress of the connection, where it is known.
 */
export function helloNameAt(name: string, localAddress: string | undefined): string {
  return isFull(name) || localAddress === undefined ? name : addressLiteral(localAddress);
}

/** Whether it is one that can be said to servers of strangers. */
export function isFull(name: string): boolean {
  return name.includes('.') || name.startsWith('[');
}

/** RFC 5321 §4.1.3. A zone of IPv6 (fe80::1%eth0) means something to this host only. */
export function addressLiteral(address: string): string {
  return isIPv6(address) ? `[IPv6:${address.replace(/%.*$/, '')}]` : `[${address}]`;
}
