/** OpenLDAP's slapd in a sandbox: a small directory, example.test, in clear or with StartTLS. */
import type { Certificate } from '../../support/certificates.ts';
import type { Login } from './accounts.ts';
import { freePort } from './ports.ts';
import { startServer } from './server.ts';

/** How a slapd is set up. */
export interface SlapdOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  /** Shown to clients; with it StartTLS is offered, LDAP over implicit TLS on `tlsPort`, and no bind in clear. */
  readonly certificate?: Certificate;
  /** Whether every connection begins with a PROXY header of version 2. */
  readonly proxied?: boolean;
}

/** A running slapd. */
export interface Slapd {
  readonly address: string;
  /** LDAP, with StartTLS where there is a certificate. */
  readonly port: number;
  /** LDAP over implicit TLS; only with a certificate. */
  readonly tlsPort: number;
  log(): string;
  close(): Promise<void>;
}

/** Below it lies all that the directory holds. */
export const suffix = 'dc=example,dc=test';

/** May write. */
export const administrator: Login = { user: `cn=admin,${suffix}`, password: 'admin secret' };

/** May read. */
export const person: Login = { user: `uid=ada,ou=people,${suffix}`, password: 'correct horse' };

const logFile = '/var/log/slapd.log';

const entries = `dn: ${suffix}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,${suffix}
objectClass: organizationalUnit
ou: people

dn: ${person.user}
objectClass: inetOrgPerson
uid: ada
cn: Ada Example
sn: Example
mail: ada@example.test
userPassword: ${person.password}

dn: uid=bob,ou=people,${suffix}
objectClass: inetOrgPerson
uid: bob
cn: Bob Example
sn: Example
mail: bob@example.test
`;

/** Starts slapd and waits until it answers. */
export async function startSlapd(root: string, options: SlapdOptions = {}): Promise<Slapd> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const tlsPort = await freePort(address);
  const { certificate } = options;
  const prefix = options.proxied === true ? 'p' : '';
  const urls = [
    `${prefix}ldap://${address}:${port}`,
    ...(certificate === undefined ? [] : [`${prefix}ldaps://${address}:${tlsPort}`]),
  ];
  const { sandbox, log } = await startServer(root, {
    name: 'slapd',
    launch: `
set -e
mkdir -p /var/lib/ldap
slapadd -q -f /etc/ldap/slapd.conf -l /peer/entries.ldif
exec slapd -d stats -f /etc/ldap/slapd.conf -h '${urls.join(' ')}' >${logFile} 2>&1
`,
    address,
    port,
    morePorts: certificate === undefined ? [] : [tlsPort],
    logs: [logFile],
    files: {
      '/etc/ldap/slapd.conf': configuration(options),
      '/peer/entries.ldif': entries,
      '/peer/cert.pem': certificate?.certPem ?? '',
      '/peer/key.pem': certificate?.keyPem ?? '',
    },
  });
  return { address, port, tlsPort, log, close: sandbox.close };
}

function configuration({ certificate }: SlapdOptions): string {
  const tls = [
    'TLSCertificateFile /peer/cert.pem',
    'TLSCertificateKeyFile /peer/key.pem',
    // A strength factor: whoever binds with a password needs TLS first.
    'security simple_bind=128',
  ];
  return [
    ...['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`),
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'pidfile /run/slapd.pid',
    ...(certificate === undefined ? [] : tls),
    'database mdb',
    'maxsize 16777216',
    'directory /var/lib/ldap',
    `suffix "${suffix}"`,
    `rootdn "${administrator.user}"`,
    `rootpw "${administrator.password}"`,
    'access to attrs=userPassword by anonymous auth by * none',
    'access to * by users read by * none',
    '',
  ].join('\n');
}
