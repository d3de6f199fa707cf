/** LDAP as people use it. */
import type { Login } from './accounts.ts';
import type { Finished } from './command.ts';
import { runIn } from './sandbox.ts';
import { hostOf, surroundings, trustFile, type Visit } from './visit.ts';

/** What is looked for. */
export interface Search {
  /** The distinguished name to begin at; empty for the root DSE. */
  readonly base: string;
  /** By default all that is below. */
  readonly scope?: 'base' | 'sub';
  /** By default everything. */
  readonly filter?: string;
  /** By default all that a user has put there; `+` is what the server knows by itself. */
  readonly attributes?: readonly string[];
  /** By whom, with a distinguished name; without it, anonymously. */
  readonly login?: Login;
}

/** Searches with ldapsearch, which binds first; what it finds is its standard output, as LDIF. */
export function ldapsearch(slapdRoot: string, visit: Visit, search: Search): Promise<Finished> {
  const { port, protection } = visit;
  const { base, scope = 'sub', filter = '(objectClass=*)', attributes = [], login } = search;
  return runIn(
    slapdRoot,
    'ldapsearch',
    [
      '-x',
      '-LLL',
      // With a single Z it would go on in clear where TLS cannot be had.
      ...(protection.tls === 'starttls' ? ['-ZZ'] : []),
      '-H',
      `${protection.tls === 'implicit' ? 'ldaps' : 'ldap'}://${hostOf(visit)}:${port}`,
      ...(login === undefined ? [] : ['-D', login.user, '-w', login.password]),
      '-b',
      base,
      '-s',
      scope,
      filter,
      ...attributes,
    ],
    { ...surroundings(visit), env: { LDAPTLS_CACERT: trustFile, LDAPTLS_REQCERT: 'demand' } },
  );
}
