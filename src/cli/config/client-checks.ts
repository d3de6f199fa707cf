/** What accounts and rules for senders ask of the listeners. */
import type { Config } from './config.ts';

/** @returns by path, what cannot be done as it is written. */
export function clientChecks({
  listeners,
  accounts,
  accountsFile,
  accountDatabase,
  inbound,
}: Config): readonly (readonly [path: string, message: string])[] {
  const asking = (role: 'submission' | 'mx'): boolean =>
    listeners.some((listener) => listener.role === role && listener.clientCertificates === 'ask');
  const found: (readonly [string, string])[] = [];
  const noAccount = accounts.length === 0 && accountsFile === null && accountDatabase === null;
  for (const [index, { role, networks }] of listeners.entries()) {
    if (role === 'submission' && networks.length === 0 && noAccount)
      found.push([
        `listener[${index}].networks`,
        'nobody may hand in mail here: there is no [[account]] either',
      ]);
  }
  if (listeners.every(({ role }) => role !== 'submission')) {
    const nobody = 'nobody can log in: there is no listener with role = "submission"';
    if (accounts.length > 0) found.push(['account', nobody]);
    if (accountsFile !== null) found.push(['accounts.file', nobody]);
    if (accountDatabase !== null) found.push(['account_database.query', nobody]);
  }
  for (const [index, { certificates }] of accounts.entries()) {
    if (certificates.length > 0 && !asking('submission'))
      found.push([
        `account[${index}].certificates`,
        'no client is asked for one: say client_certificates = "ask" in a listener with role = "submission"',
      ]);
  }
  for (const [index, { tls }] of inbound.entries()) {
    if (listeners.every(({ role }) => role !== 'mx'))
      found.push([`inbound[${index}].from`, 'is for listeners with role = "mx", and there is none']);
    else if (tls === 'authenticate' && !asking('mx'))
      found.push([
        `inbound[${index}].tls`,
        'no client is asked for a certificate: say client_certificates = "ask" in a listener with role = "mx"',
      ]);
  }
  return found;
}
