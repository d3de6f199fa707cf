/** LDAP as people use it. */
import type { Login } from './accounts.ts';
import type { Finished } from './command.ts';
import { hostOf, type Reach, reachable, trustFile } from './reach.ts';
import { runIn } from './sandbox.ts';

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
export function ldapsearch(
  slapdRoot: string,
  reach: Omit<Reach, 'login'>,
  search: Search,
): Promise<Finished> {
  const { port, tls } = reach;
  const { base, scope = 'sub', filter = '(objectClass=*)', attributes = [], login } = search;
  return runIn(
    slapdRoot,
    'ldapsearch',
    [
      '-x',
      '-LLL',
      // With a single Z it would go on in clear where TLS cannot be had.
      ...(tls === 'starttls' ? ['-ZZ'] : []),
      '-H',
      `${tls === 'implicit' ? 'ldaps' : 'ldap'}://${hostOf(reach)}:${port}`,
      ...(login === undefined ? [] : ['-D', login.user, '-w', login.password]),
      '-b',
      base,
      '-s',
      scope,
      filter,
      ...attributes,
    ],
    { ...reachable(reach), env: { LDAPTLS_CACERT: trustFile, LDAPTLS_REQCERT: 'demand' } },
  );
}
