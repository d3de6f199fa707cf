/**
 * Who may log in, and whether somebody who tries is who he says.
 *
 * A stranger must not learn which users exist: an unknown one costs the same work as a known one, and is shown a
 * made-up salt in SCRAM that stays the same (RFC 5802 §9 leaves the guarding of user names to the server).
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { ScramVerifier } from '../protocols/sasl/scram.ts';
import type { ServerMechanism } from '../protocols/smtp/server/state.ts';
import { type ClientRule, rulesProvenBy } from '../tls/client-proof.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import { isPassword, type PasswordHash } from './password.ts';
import { noQuota, type Quota } from './quotas.ts';
import { anySender, type SenderRights } from './senders.ts';
import { type WaitingLine, waitingLine } from './waiting-line.ts';

export interface Account {
  /** Compared octet for octet: no case is folded, nothing is normalised. */
  readonly user: string;
  /** null: it has no password. */
  readonly secret: PasswordHash | null;
  /** Whoever proves one of these may log in without one (EXTERNAL). */
  readonly certificates: readonly ClientRule[];
  readonly rights: AccountRights;
}

/** What an account may do once it is logged in, and what it is told. */
export interface AccountRights {
  readonly sender: SenderRights;
  readonly quota: Quota;
  /** Whether the sender of each message is told how it travelled. */
  readonly tellOutcome: boolean;
  /** Whether each copy of its mail names its recipient in its sender; absent: no. */
  readonly verp?: boolean;
}

export interface LoginFault {
  readonly reason: 'password' | 'unknown' | 'certificate';
  readonly because: string;
}

export const anyRights: AccountRights = { sender: anySender, quota: noQuota, tellOutcome: false };

export interface Accounts {
  /**
   * PLAIN and LOGIN where there are passwords; SCRAM-SHA-256 where at least one is stored as a SCRAM verifier; EXTERNAL
   * where there are certificates.
   *
   * Then it is offered to everybody, as nobody has said yet who he is; for accounts that are stored otherwise it
   * fails like a wrong password.
   */
  readonly mechanisms: readonly ServerMechanism[];
  /** `busy`: too many others are waiting for the same. Rejects only where the machine fails to compute. */
  check(user: string, password: string): Promise<'yes' | 'no' | 'busy'>;
  /** Whose account the certificate of a client proves; those of several users where it was given to all of them. */
  provenBy(tls: TlsFacts): readonly string[];
  /** undefined: there is no such account. */
  rightsOf(user: string): AccountRights | undefined;
  /** Why a login with a password failed, for the operator alone: a client is told the same whatever it was. */
  faultOf(user: string, mechanism: Exclude<ServerMechanism, 'EXTERNAL'>): LoginFault;
  /** What SCRAM needs of the user; made up where he is not `known` as one with a verifier. */
  verifier(user: string): { readonly verifier: ScramVerifier; readonly known: boolean };
}

/** What outlives a change of the accounts: the work under way, and what unknown users are told. */
export interface LoginDesk {
  readonly hashing: WaitingLine;
  readonly hidden: Uint8Array;
}

/** Hashing takes memory and a thread of the pool that files are written with too: there are four. */
const HASHINGS_AT_ONCE = 2;
const MOST_WAITING = 64;

export function openLoginDesk(): LoginDesk {
  return { hashing: waitingLine(HASHINGS_AT_ONCE, MOST_WAITING), hidden: randomBytes(32) };
}

export function openAccounts(accounts: readonly Account[], { hashing, hidden }: LoginDesk): Accounts {
  const known = new Map(accounts.map((account) => [account.user, account]));
  const secrets = new Map(
    accounts.flatMap(({ user, secret }) => (secret === null ? [] : [[user, secret] as const])),
  );
  const certified = accounts.flatMap(({ user, certificates }) =>
    certificates.map((rule) => ({ ...rule, user })),
  );
  const stored = [...secrets.values()];
  const verifiers = stored.flatMap((secret) => (secret.kind === 'scram' ? [secret.verifier] : []));

  const made = (user: string, what: string): Buffer =>
    createHmac('sha512', hidden).update(`${what} ${user}`).digest();
  /** The same one of them for the same user, always. */
  const oneOf = <Item>(items: readonly Item[], user: string): Item | undefined =>
    items[made(user, 'choice').readUInt32BE() % items.length];

  return {
    mechanisms: [
      ...(stored.length > 0 ? (['PLAIN', 'LOGIN'] as const) : []),
      ...(verifiers.length > 0 ? (['SCRAM-SHA-256'] as const) : []),
      ...(certified.length > 0 ? (['EXTERNAL'] as const) : []),
    ],
    provenBy: ({ chain, path }) => [
      ...new Set(
        rulesProvenBy({ chain, trusted: path.kind === 'trusted' }, certified).map(({ user }) => user),
      ),
    ],
    rightsOf: (user) => known.get(user)?.rights,
    faultOf(user, mechanism) {
      if (!known.has(user)) return { reason: 'unknown', because: 'there is no such account' };
      const secret = secrets.get(user);
      if (secret === undefined) return { reason: 'password', because: 'the account has no password' };
      return mechanism === 'SCRAM-SHA-256' && secret.kind !== 'scram'
        ? { reason: 'password', because: 'the password of the account is not stored for SCRAM' }
        : { reason: 'password', because: 'the password is wrong' };
    },
    async check(user, password) {
      const own = secrets.get(user);
      // The work for an unknown user is the work for some account; that the password fits it means nothing.
      const secret = own ?? oneOf(stored, user);
      if (secret === undefined) return 'no';
      const fits = await hashing.run(() => isPassword(password, secret));
      if (fits === undefined) return 'busy';
      return fits && own !== undefined ? 'yes' : 'no';
    },
    verifier(user) {
      const secret = secrets.get(user);
      if (secret?.kind === 'scram') return { verifier: secret.verifier, known: true };
      const like = oneOf(verifiers, user);
      if (like === undefined) throw new Error('SCRAM-SHA-256 is not offered without a verifier');
      const verifier: ScramVerifier = {
        salt: made(user, 'salt').subarray(0, like.salt.length),
        iterations: like.iterations,
        storedKey: made(user, 'stored key').subarray(0, like.storedKey.length),
        serverKey: made(user, 'server key').subarray(0, like.serverKey.length),
      };
      return { verifier, known: false };
    },
  };
}
