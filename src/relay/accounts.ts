/**
 * Who may log in, and whether somebody who tries is who he says.
 *
 * A stranger must not learn which users exist: an unknown one costs the same work as a known one, and is shown a
 * made-up salt in SCRAM that stays the same (RFC 5802 §9 leaves the guarding of user names to the server).
 *
 * Accounts of the configuration come first; who is none of them is looked up in the directory, where there is one.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { ScramVerifier } from '../protocols/sasl/scram.ts';
import type { ServerMechanism } from '../protocols/smtp/server/state.ts';
import { type ClientRule, rulesProvenBy } from '../tls/client-proof.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { Directory, Found } from './directory.ts';
import { isPassword, type PasswordHash, standIn, standInVerifier } from './password.ts';
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

/** What a login with a password came to. `unknown`: the directory gave no answer; `busy`: too many others are waiting. */
type LoginVerdict =
  | { readonly kind: 'yes'; readonly rights: AccountRights }
  | ({ readonly kind: 'no' } & LoginFault)
  | { readonly kind: 'busy' | 'unknown' };

/** What SCRAM needs of a user. */
type VerifierOf =
  | {
      readonly kind: 'verifier';
      /** Made up where there is no account with one. */
      readonly verifier: ScramVerifier;
      /** null: it cannot be proved, and why is for the operator alone. */
      readonly rights: AccountRights | null;
      readonly fault: LoginFault;
    }
  | { readonly kind: 'unknown' };

export interface Accounts {
  /**
   * PLAIN and LOGIN where there are passwords; SCRAM-SHA-256 where at least one is stored as a SCRAM verifier, or the
   * directory is said to store them so; EXTERNAL where there are certificates.
   *
   * Then it is offered to everybody, as nobody has said yet who he is; for accounts that are stored otherwise it
   * fails like a wrong password.
   */
  readonly mechanisms: readonly ServerMechanism[];
  /** Rejects only where the machine fails to compute. */
  check(user: string, password: string): Promise<LoginVerdict>;
  /** Whose account the certificate of a client proves; those of several users where it was given to all of them. */
  provenBy(tls: TlsFacts): readonly string[];
  /** undefined: there is no such account in the configuration. */
  rightsOf(user: string): AccountRights | undefined;
  /** Whether there is such an account, without a proof: for somebody who is believed. */
  look(user: string): Promise<AccountRights | 'absent' | 'unknown'>;
  verifier(user: string): Promise<VerifierOf>;
}

/** What outlives a change of the accounts: the work under way, and what unknown users are told. */
export interface LoginDesk {
  readonly hashing: WaitingLine;
  readonly hidden: Uint8Array;
}

/** Hashing takes memory and a thread of the pool that files are written with too: there are four. */
const HASHINGS_AT_ONCE = 2;
const MOST_WAITING = 64;

const HIDDEN_OCTETS = 32;

/** What unknown users are told comes of it: the same for processes that are one relay, or they give away who is unknown. */
export function newHidden(): Uint8Array {
  return randomBytes(HIDDEN_OCTETS);
}

/** @param hidden as {@link newHidden} makes it. */
export function openLoginDesk(hidden = newHidden()): LoginDesk {
  return { hashing: waitingLine(HASHINGS_AT_ONCE, MOST_WAITING), hidden };
}

/** @param directory left out: there are no others. */
export function openAccounts(
  accounts: readonly Account[],
  { hashing, hidden }: LoginDesk,
  directory: Directory | null = null,
): Accounts {
  const known = new Map(accounts.map((account) => [account.user, account]));
  const stored = accounts.flatMap(({ secret }) => (secret === null ? [] : [secret]));
  const certified = accounts.flatMap(({ user, certificates }) =>
    certificates.map((rule) => ({ ...rule, user })),
  );
  const verifiers = stored.flatMap((secret) => (secret.kind === 'scram' ? [secret.verifier] : []));
  /** As what the directory stores passwords, by the first of each kind that it gave: they stay the same from then on. */
  const seen: { secret?: PasswordHash; verifier?: ScramVerifier } = {};

  const made = (user: string, what: string): Buffer =>
    createHmac('sha512', hidden).update(`${what} ${user}`).digest();
  /** The same one of them for the same user, always. */
  const oneOf = <Item>(items: readonly Item[], user: string): Item | undefined =>
    items[made(user, 'choice').readUInt32BE() % items.length];

  async function find(user: string): Promise<Found> {
    const account = known.get(user);
    if (account !== undefined) return { kind: 'found', account, active: true };
    const found = (await directory?.find(user)) ?? { kind: 'absent' };
    if (found.kind === 'found' && found.account.secret !== null) {
      const { secret } = found.account;
      seen.secret ??= secret;
      if (secret.kind === 'scram') seen.verifier ??= secret.verifier;
    }
    return found;
  }

  /** The work for an unknown user is the work for some account; that the password fits it means nothing. */
  function secretLike(user: string): PasswordHash | undefined {
    if (directory === null) return oneOf(stored, user);
    return seen.secret ?? oneOf(stored, user) ?? standIn;
  }

  function verifierLike(user: string): ScramVerifier {
    const like = (directory === null ? undefined : seen.verifier) ?? oneOf(verifiers, user);
    if (like === undefined && directory?.scram !== true)
      throw new Error('SCRAM-SHA-256 is not offered without a verifier');
    const { salt, iterations, storedKey, serverKey } = like ?? standInVerifier;
    return {
      salt: made(user, 'salt').subarray(0, salt.length),
      iterations,
      storedKey: made(user, 'stored key').subarray(0, storedKey.length),
      serverKey: made(user, 'server key').subarray(0, serverKey.length),
    };
  }

  return {
    mechanisms: [
      ...(stored.length > 0 || directory !== null ? (['PLAIN', 'LOGIN'] as const) : []),
      ...(verifiers.length > 0 || directory?.scram === true ? (['SCRAM-SHA-256'] as const) : []),
      ...(certified.length > 0 ? (['EXTERNAL'] as const) : []),
    ],
    provenBy: ({ chain, path }) => [
      ...new Set(
        rulesProvenBy({ chain, trusted: path.kind === 'trusted' }, certified).map(({ user }) => user),
      ),
    ],
    rightsOf: (user) => known.get(user)?.rights,
    async look(user) {
      const found = await find(user);
      if (found.kind !== 'found') return found.kind;
      return found.active ? found.account.rights : 'absent';
    },
    async check(user, password) {
      const found = await find(user);
      if (found.kind === 'unknown') return { kind: 'unknown' };
      const own = found.kind === 'found' ? found.account.secret : null;
      const secret = own ?? secretLike(user);
      if (secret === undefined) return { kind: 'no', ...faultOf(found) };
      const fits = await hashing.run(() => isPassword(password, secret));
      if (fits === undefined) return { kind: 'busy' };
      if (fits && own !== null && found.kind === 'found' && found.active)
        return { kind: 'yes', rights: found.account.rights };
      // Who stands in the configuration costs a look-up, too, as does who stands nowhere.
      if (known.has(user)) await directory?.find(user);
      return { kind: 'no', ...faultOf(found) };
    },
    async verifier(user) {
      const found = await find(user);
      if (found.kind === 'unknown') return { kind: 'unknown' };
      if (known.has(user)) await directory?.find(user);
      const secret = found.kind === 'found' ? found.account.secret : null;
      const own = secret?.kind === 'scram' ? secret.verifier : undefined;
      return {
        kind: 'verifier',
        verifier: own ?? verifierLike(user),
        rights: own !== undefined && found.kind === 'found' && found.active ? found.account.rights : null,
        fault:
          own === undefined && secret !== null
            ? { reason: 'password', because: 'the password of the account is not stored for SCRAM' }
            : faultOf(found),
      };
    },
  };
}

function faultOf(found: Found): LoginFault {
  if (found.kind !== 'found') return { reason: 'unknown', because: 'there is no such account' };
  if (!found.active) return { reason: 'unknown', because: 'the account is not active' };
  return found.account.secret === null
    ? { reason: 'password', because: 'the account has no password' }
    : { reason: 'password', because: 'the password is wrong' };
}
